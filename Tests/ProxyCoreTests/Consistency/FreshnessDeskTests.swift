import Bytes
import SeededRandom
import Testing

@testable import ProxyCore

/// Who waits for news of positions, without an engine.
struct FreshnessDeskTests {
    private func handle(_ index: Int) -> Handle { Handle(index: UInt32(index), generation: 1) }

    @Test("The control plane is asked once, and again when the answer has come or keeps it waiting")
    func asks() {
        var desk = FreshnessDesk()
        #expect(desk.ask(within: 5000, now: 100) == 5000)
        #expect(desk.ask(within: 5000, now: 1099) == nil)
        #expect(desk.ask(within: 0, now: 1100) == 1000)
        #expect(desk.ask(within: 0, now: 1101) == nil)
        desk.answered()
        #expect(desk.ask(within: 2000, now: 1102) == 2000)
    }

    @Test("Pinned clients are taken together, each once, and their first deadline counts")
    func pinned() {
        var desk = FreshnessDesk()
        #expect(desk.nextDeadline == .max)
        desk.waitsPinned(handle(2), until: 300)
        desk.waitsPinned(handle(1), until: 200)
        desk.waitsPinned(handle(2), until: 100)
        #expect(desk.nextDeadline == 200)
        #expect(desk.takePinned() == [handle(1), handle(2)])
        #expect(desk.nextDeadline == .max)
        #expect(desk.takePinned().isEmpty)
    }

    @Test("Positions are told in the order in which they were asked for")
    func positions() {
        var desk = FreshnessDesk()
        for index in [3, 1, 2] { desk.waitsForPosition(handle(index)) }
        #expect(desk.isToBeTold(handle(1)) && !desk.isToBeTold(handle(4)))
        #expect(desk.takePositionWaits() == [handle(3), handle(1), handle(2)])
        #expect(!desk.hasPositionsToTell)
    }

    /// What the desk must do, told simply.
    private struct Model {
        struct Wait: Equatable {
            let client: Int
            let since: Microseconds
            let deadline: Microseconds
            let wanted: SampleNumber
        }
        var waits: [Wait] = []
        var pinned: Set<Int> = []
    }

    @Test(
        "Whatever comes in whatever order, each wait is taken once: by time, or by what is covered",
        arguments: 1..<21 as Range<UInt64>
    )
    func walk(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var desk = FreshnessDesk()
        var model = Model()
        var now: Microseconds = 0
        var covered: SampleNumber = 0
        for _ in 0..<2000 {
            now += Microseconds(Int.random(in: 0..<50, using: &generator))
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                // Who waits anew has left its wait before.
                let client = Int.random(in: 0..<40, using: &generator)
                let wanted = covered + SampleNumber(Int.random(in: 0..<8, using: &generator))
                let deadline = now + Microseconds(Int.random(in: 1..<2000, using: &generator))
                if model.waits.contains(where: { $0.client == client && $0.since == now }) { continue }
                model.waits.removeAll { $0.client == client }
                model.waits.append(.init(client: client, since: now, deadline: deadline, wanted: wanted))
                desk.waits(handle(client), since: now, until: deadline, wanted: wanted)
            case 5, 6:
                let due = Set(model.waits.filter { $0.deadline <= now }.map(\.client))
                var taken: Set<Int> = []
                while let wait = desk.takeExpired(at: now) { #expect(taken.insert(Int(wait.client.index)).inserted) }
                #expect(taken == due)
                model.waits.removeAll { due.contains($0.client) }
            case 7, 8:
                covered += SampleNumber(Int.random(in: 0..<3, using: &generator))
                let servable = model.waits.filter { $0.wanted <= covered }
                let taken = desk.takeServable(by: covered)
                #expect(Set(taken.map { Int($0.wait.client.index) }) == Set(servable.map(\.client)))
                #expect(taken.count == servable.count)
                model.waits.removeAll { servable.contains($0) }
                // Some of them wait on: the node that covers so much is not theirs.
                for (wait, wanted) in taken where Bool.random(using: &generator) {
                    desk.waitsOn(wait, wanted: wanted)
                    let client = Int(wait.client.index)
                    model.waits.append(
                        .init(client: client, since: wait.since, deadline: wait.deadline, wanted: wanted)
                    )
                }
            default:
                for client in model.pinned { desk.waitsPinned(handle(client), until: now) }
                #expect(Set(desk.takePinned().map { Int($0.index) }) == model.pinned)
                model.pinned = Set((0..<5).filter { _ in Bool.random(using: &generator) })
            }
            for wait in model.waits { #expect(desk.isWaiting(handle(wait.client), since: wait.since)) }
            if let first = model.waits.map(\.deadline).min() { #expect(desk.nextDeadline <= first) }
        }
    }
}
