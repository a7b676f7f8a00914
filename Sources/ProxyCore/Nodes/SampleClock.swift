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

    /// The first look that covers everything that has been answered until now.
    package var next: SampleNumber { begun.load(ordering: .sequentiallyConsistent) + 1 }

    /// Some client's write has been answered, and is covered by look `number`.
    package func noteWrite(_ number: SampleNumber) {
        written.max(number, ordering: .sequentiallyConsistent)
    }

    /// The look that covers every write that has passed through the proxy; 0 before the first.
    package var lastWrite: SampleNumber { written.load(ordering: .sequentiallyConsistent) }
}
