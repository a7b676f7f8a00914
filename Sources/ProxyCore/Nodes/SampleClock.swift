import Synchronization

/// The number of a look at the primary's WAL position; the first is 1.
package typealias SampleNumber = UInt64

/// Orders writes and looks at the primary's WAL position, without any machine's time.
///
/// A write that was answered while the clock stood at n is covered by the position that look n + 1 finds, or any later
/// one: those looks are begun after it. Shared by all workers and the control plane; never blocks.
package final class SampleClock: Sendable {
    private let begun = Atomic<SampleNumber>(0)
    private let written = Atomic<SampleNumber>(0)

    package init() {}

    /// The number of a look that is begun now. To be called before anything of it is sent.
    package func begin() -> SampleNumber {
        begun.add(1, ordering: .sequentiallyConsistent).newValue
    }

    /// Some client's write has been answered, and is covered by look `number`. To be called before the client is told.
    package func noteWrite(_ number: SampleNumber) {
        written.max(number, ordering: .sequentiallyConsistent)
    }

    /// What an event's numbers are, if they are taken after all that it tells of has happened: behind the system call
    /// that brought the bytes.
    package var reading: SampleReading {
        SampleReading(
            next: begun.load(ordering: .sequentiallyConsistent) + 1,
            lastWrite: written.load(ordering: .sequentiallyConsistent)
        )
    }
}

/// The sample clock's numbers as they come with an event: an engine asks no clock, so that the same events bring about
/// the same.
package struct SampleReading: Sendable, Equatable, BitwiseCopyable {
    /// The first look that covers everything that has been answered until the event.
    package var next: SampleNumber
    /// The look that covers every write that has passed through the proxy; 0 before the first.
    package var lastWrite: SampleNumber

    package init(next: SampleNumber = 1, lastWrite: SampleNumber = 0) {
        self.next = next
        self.lastWrite = lastWrite
    }

    /// Another event has come. Writes of the same turn may not have been told to the clock yet.
    @inline(__always)
    package mutating func follow(_ later: SampleReading) {
        next = later.next
        lastWrite = max(lastWrite, later.lastWrite)
    }

    /// A client's write has been answered, as far as that has come when this was read.
    mutating func noteWrite() { lastWrite = max(lastWrite, next) }
}
