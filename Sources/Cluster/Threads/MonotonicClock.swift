import Glibc

/// The one clock of this module.
enum MonotonicClock {
    /// Nanoseconds since some moment before this process began.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// What poll(2) takes to sleep until `time`, at most an hour: rounded up, so that nothing wakes just too early and
    /// spins.
    static func pollTimeout(until time: UInt64) -> Int32 {
        let now = now
        guard time > now else { return 0 }
        return Int32(min((time - now + 999_999) / 1_000_000, 3_600_000))
    }
}
