import Glibc

/// The one clock by which waits and ages are measured: it never runs backwards, and its zero means nothing. Whoever
/// calculates with times is given them; only threads and loops of the shell look at it.
package enum MonotonicClock {
    /// Microseconds since some moment before this process began.
    package static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000 &+ UInt64(time.tv_nsec) / 1_000
    }

    /// What poll(2) takes to sleep until `time`, at most an hour: rounded up, so that nothing wakes just too early and
    /// spins.
    package static func pollTimeout(until time: UInt64) -> Int32 {
        let now = now
        guard time > now else { return 0 }
        return Int32(min((time - now + 999) / 1_000, 3_600_000))
    }
}
