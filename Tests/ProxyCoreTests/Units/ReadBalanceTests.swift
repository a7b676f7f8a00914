import Bytes
@testable import ProxyCore
import Testing

/// The choice among read nodes, by its numbers alone.
struct ReadBalanceTests {
    /// One node of a table's row.
    struct Given {
        var latency = 300.0
        var inFlight = 0
        var weight = 100
    }

    /// Nodes that have taken reads for long, and whose latency is known.
    private func settled(_ given: [Given]) -> ReadBalance {
        var balance = ReadBalance(count: given.count, slowStart: 0)
        balance.setReaders(Array(given.indices), now: 0) { given[$0].weight }
        for (node, numbers) in given.enumerated() {
            balance.nodes[node].inFlight = numbers.inFlight
        }
        for _ in 0..<NodeBalance.enoughLooks {
            for (node, numbers) in given.enumerated() {
                for _ in 0..<NodeBalance.enoughSamples { balance.nodes[node].note(numbers.latency) }
            }
            balance.look(now: 0)
        }
        return balance
    }

    /// How often each node is chosen, of 10,000 draws.
    private func shares(
        _ balance: borrowing ReadBalance,
        where isEligible: (Int) -> Bool = { _ in true }
    ) -> [Double] {
        var list = NodeList(capacity: balance.count)
        defer { list.deallocate() }
        list.assign(Array(0..<balance.count))
        var random = RandomSource(seed: 7)
        var chosen = [Double](repeating: 0, count: balance.count)
        for _ in 0..<10_000 {
            let node = balance.choose(list, draw: random.next(), where: isEligible)
            if node >= 0 { chosen[node] += 1 }
        }
        return chosen.map { $0 / 10_000 }
    }

    @Test(
        "The first node's share of the reads",
        arguments: [
            ([Given(), Given()], 0.48...0.52),
            ([Given(), Given(), Given()], 0.31...0.36),
            // Noise moves nothing, a clear difference a part.
            ([Given(latency: 330), Given()], 0.46...0.52),
            ([Given(latency: 500), Given()], 0.25...0.4),
            ([Given(latency: 500), Given(inFlight: 1)], 0.6...1.0),
            // A slow node that is idle gets none as long as the quick one is not busy.
            ([Given(latency: 5300), Given()], 0.0...0.0),
            ([Given(latency: 5300), Given(inFlight: 8)], 0.0...0.0),
            // Once that one is, it helps out.
            ([Given(latency: 1000), Given(inFlight: 8)], 0.5...0.9),
            ([Given(latency: 1000), Given(inFlight: 40)], 1.0...1.0),
            // The one with more under way gets less.
            ([Given(inFlight: 1), Given()], 0.0...0.0),
            ([Given(inFlight: 10), Given(inFlight: 8)], 0.2...0.45),
            // Idle nodes share by weight, busy ones by what they do for their weight.
            ([Given(weight: 300), Given(weight: 100)], 0.73...0.77),
            ([Given(inFlight: 30, weight: 300), Given(inFlight: 10, weight: 100)], 0.70...0.80),
            ([Given(inFlight: 20, weight: 300), Given(inFlight: 20, weight: 100)], 1.0...1.0),
            ([Given(weight: 0), Given(weight: 100)], 0.005...0.015),
        ]
    )
    func share(_ given: [Given], _ expected: ClosedRange<Double>) {
        let shares = shares(settled(given))
        #expect(expected.contains(shares[0]), "\(shares)")
        #expect(abs(shares.reduce(0, +) - 1) < 0.001)
    }

    @Test(
        "How often a read stays with the choice though another node has its session's settings",
        arguments: [
            ([Given(), Given()], 0, 0.0...0.0),
            ([Given(), Given()], 5_000, 0.04...0.06),
            ([Given(), Given()], 50_000, 0.47...0.53),
            ([Given(), Given()], 100_000, 1.0...1.0),
            // What is much slower or busier is not gone to for its settings.
            ([Given(), Given(latency: 5300)], 0, 1.0...1.0),
            ([Given(), Given(inFlight: 20)], 0, 1.0...1.0),
            ([Given(inFlight: 20), Given(inFlight: 24)], 0, 0.0...0.0),
        ]
    )
    func settings(_ given: [Given], _ idle: Microseconds, _ expected: ClosedRange<Double>) {
        let balance = settled(given)
        var random = RandomSource(seed: 7)
        var kept = 0.0
        for _ in 0..<10_000 where balance.keepsChoice(of: 0, before: 1, idle: idle, draw: random.next()) { kept += 1 }
        #expect(expected.contains(kept / 10_000), "\(kept / 10_000)")
    }

    @Test("Only eligible nodes are chosen, and none where none is")
    func eligible() {
        let balance = settled([Given(), Given(), Given(latency: 9000)])
        #expect(shares(balance) { $0 == 2 } == [0, 0, 1])
        #expect(shares(balance) { $0 != 0 } == [0, 1, 0])
        #expect(shares(balance) { _ in false } == [0, 0, 0])
    }

    @Test("A node that turns slow costs more within half a second; one long query does not make it slow")
    func rises() {
        var balance = settled([Given(), Given()])
        var tick: Microseconds = 0
        func pass(_ ticks: Int, _ time: Microseconds) {
            for _ in 0..<ticks {
                for _ in 0..<20 {
                    balance.note(0, time: time)
                    balance.note(1, time: 300)
                }
                tick += 1
                balance.look(now: tick * 100_000)
            }
        }
        balance.note(0, time: 1_000_000)
        pass(1, 300)
        #expect(balance.latency(0) < 1.2 * balance.latency(1))
        pass(6, 5300)
        #expect(balance.latency(0) > 5 * balance.latency(1))
        #expect(shares(balance)[0] == 0)
        // It takes longer to be trusted again.
        pass(3, 300)
        #expect(balance.latency(0) > 3 * balance.latency(1))
        pass(60, 300)
        #expect((0.4...0.6).contains(shares(balance)[0]))
    }

    @Test("What was measured long ago is forgotten, so that a slow node is tried again", arguments: [5300, 320])
    func forgets(_ slowness: Microseconds) {
        var balance = settled([Given(latency: 5300), Given()])
        for tick in 1...10 {
            balance.note(1, time: 300)
            balance.look(now: Microseconds(tick) * 100_000)
        }
        #expect(shares(balance)[0] == 0)
        for tick in 11...300 {
            balance.note(1, time: 300)
            balance.look(now: Microseconds(tick) * 100_000)
        }
        #expect((0.4...0.53).contains(shares(balance)[0]))
        // One read tells whether it has changed.
        balance.note(0, time: slowness)
        let after = shares(balance)[0]
        #expect(slowness > 5000 ? after == 0 : (0.4...0.53).contains(after), "\(after)")
    }

    @Test("Of which little is known, it counts as the others do")
    func unknown() {
        var balance = settled([Given(latency: 1000), Given(latency: 1000)])
        balance.setReaders([1], now: 0) { _ in 100 }
        balance.setReaders([0, 1], now: 0) { _ in 100 }
        #expect(balance.latency(0) == balance.latency(1))
        for _ in 0..<NodeBalance.enoughLooks {
            for _ in 0..<NodeBalance.enoughSamples { balance.note(0, time: 9000) }
            #expect(balance.latency(0) == balance.latency(1))
            balance.look(now: 0)
        }
        #expect(balance.latency(0) > 7 * balance.latency(1))
    }

    @Test("Slow ones among a node's first reads say nothing of it, wherever they stand", arguments: 0..<8, 0..<8)
    func coldStart(_ slow: Int, _ other: Int) {
        var balance = settled([Given(latency: 250), Given(latency: 250)])
        balance.setReaders([0], now: 0) { _ in 100 }
        balance.setReaders([0, 1], now: 0) { _ in 100 }
        for number in 0..<NodeBalance.enoughSamples {
            balance.note(1, time: number == slow || number == other ? 10_000 : 250)
        }
        for _ in 1..<NodeBalance.enoughLooks {
            balance.look(now: 0)
            balance.note(1, time: 250)
        }
        balance.look(now: 0)
        #expect(balance.nodes[1].isKnown)
        #expect((0.48...0.52).contains(shares(balance)[1]))
    }

    @Test("A node that comes back begins with a part of its weight")
    func slowStart() {
        var balance = ReadBalance(count: 2, slowStart: 10_000_000)
        balance.setReaders([0, 1], now: 0) { _ in 100 }
        balance.look(now: 20_000_000)
        #expect(!balance.nodes[0].isStarting)
        balance.setReaders([1], now: 20_000_000) { _ in 100 }
        balance.setReaders([0, 1], now: 30_000_000) { _ in 100 }
        #expect((0.07...0.11).contains(shares(balance)[0]))
        // What it has under way counts ten times.
        balance.nodes[0].inFlight = 1
        balance.nodes[1].inFlight = 4
        #expect(shares(balance)[0] == 0)
        balance.nodes[0].inFlight = 0
        balance.nodes[1].inFlight = 0
        balance.look(now: 35_000_000)
        #expect((0.31...0.36).contains(shares(balance)[0]))
        balance.look(now: 40_000_000)
        #expect(!balance.nodes[0].isStarting)
        #expect((0.48...0.52).contains(shares(balance)[0]))
    }
}
