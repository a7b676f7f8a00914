import Synchronization

/// Until when workers may write, where that hangs on a lease. It is looked at by whoever writes as well, so that a
/// process which was stopped for a while writes nothing when it goes on, whichever of its threads wakes first.
package final class WriteLease: Sendable {
    /// Microseconds of the monotonic clock.
    private let end = Atomic<UInt64>(0)

    package init() {}

    package var until: UInt64 { end.load(ordering: .acquiring) }

    /// Only after workers have been told of all that speaks against writing to a node.
    func extend(to time: UInt64) { end.store(time, ordering: .releasing) }
}
