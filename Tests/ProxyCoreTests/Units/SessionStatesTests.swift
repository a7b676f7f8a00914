@testable import ProxyCore
import Testing

/// What may follow what, of the states of clients and servers. That the engine keeps to it every debug build asserts.
struct SessionStatesTests {
    private static let flows: [ClientFlow] = [
        .between, .waiting, .claiming, .locating, .assigned, .settling, .refused, .preparing, .flushing, .batch,
        .skipping, .catchingUp,
    ]
    private static let phases: [ServerPhase] = [
        .connecting, .authenticating, .idle, .active, .parked, .draining, .listening, .leaving, .closing,
    ]

    @Test("Every flow leads back to a boundary, and only what has begun to be sent can be skipped or flushed")
    func flows() {
        for flow in Self.flows {
            #expect(flow.mayBecome(.between))
            #expect(!flow.mayBecome(.flushing) || flow == .preparing)
            #expect(!flow.mayBecome(.catchingUp) || flow == .between)
            #expect(!flow.mayBecome(.waiting) || flow == .between)
            // What runs is refused no more: it is skipped.
            #expect(!flow.isInBatch || !flow.mayBecome(.refused))
            #expect(!flow.isInBatch || flow.mayBecome(.skipping))
        }
        #expect(!ClientFlow.skipping.mayBecome(.batch))
    }

    @Test("Nobody who has been told good-bye comes back, and nobody is served before the log-in")
    func phases() {
        let clients: [ClientPhase] = [.startup, .authenticating, .welcoming, .ready, .console, .cancelling, .closing]
        for phase in clients {
            #expect(phase.mayBecome(.closing))
            #expect(!ClientPhase.closing.mayBecome(phase) || phase == .closing)
            #expect(!phase.mayBecome(.ready) || phase == .authenticating || phase == .welcoming)
        }
        for phase in Self.phases {
            #expect(phase.mayBecome(.closing))
            #expect(!phase.mayBecome(.idle) || [.authenticating, .idle, .draining].contains(phase))
            #expect(!phase.mayBecome(.active) || [.idle, .parked, .draining].contains(phase))
            for end in [ServerPhase.closing, .leaving] {
                #expect(!end.mayBecome(phase) || phase == .closing || phase == .leaving)
            }
        }
    }
}
