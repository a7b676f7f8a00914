import ProxyCore
import Testing

@testable import Cluster

/// Which timeline a replica without a stream is on.
struct ReplicaTimelineTests {
    private func before(_ timeline: UInt32?, _ role: NodeRole = .replica) -> NodeReading {
        NodeReading(
            role: role,
            number: 1,
            sentAt: 1,
            reached: WALPosition(rawValue: 100),
            flushed: WALPosition(rawValue: 100),
            timeline: timeline
        )
    }

    private func newer(_ recorded: UInt32?, _ before: NodeReading?, at position: UInt64) -> UInt32? {
        ProbeQuestion.newer(recorded, before, .replica, WALPosition(rawValue: position))
    }

    @Test func whatItReceivedBeforeCountsMoreThanItsLastRestartpoint() {
        #expect(newer(1, before(2), at: 100) == 2)
        #expect(newer(1, before(2), at: 101) == 2)
        #expect(newer(nil, before(2), at: 100) == 2)
        #expect(newer(3, before(2), at: 100) == 3)
    }

    @Test func notWhereItHasGoneBackOrWasSomethingElse() {
        #expect(newer(1, before(2), at: 99) == 1)
        #expect(newer(1, before(2, .primary), at: 100) == 1)
        #expect(newer(1, before(nil), at: 100) == 1)
        #expect(newer(1, nil, at: 100) == 1)
        #expect(ProbeQuestion.newer(1, before(2), .replica, nil) == 1)
    }
}
