import Glibc
import ProxySimulation
import Testing

/// Random clients on a random network, from seeds. A failure names its seed: `HOWDAH_SIMULATION_SEED=n` plays that one
/// alone.
struct SimulationTests {
    private static var onlySeed: UInt64? { getenv("HOWDAH_SIMULATION_SEED").flatMap { UInt64(String(cString: $0)) } }

    private static var count: UInt64 {
        getenv("HOWDAH_SIMULATION_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 400
    }

    /// - Returns: how many promotions there were, how many slots of nodes that had left were given to others, and how
    ///   often settings have changed.
    @discardableResult
    private func play(
        _ seeds: ClosedRange<UInt64>,
        isStormy: Bool,
        failsOver: Bool = false,
        reconfigures: Bool = false
    ) -> (promotions: Int, handovers: Int, reconfigurations: Int) {
        var failures = 0
        var promotions = 0
        var handovers = 0
        var reconfigurations = 0
        for seed in Self.onlySeed.map({ $0...$0 }) ?? seeds {
            let simulation = Simulation(
                seed: seed,
                isStormy: isStormy,
                failsOver: failsOver,
                reconfigures: reconfigures
            )
            if Self.onlySeed != nil { simulation.store.trace = { print($0) } }
            if let failure = simulation.run() {
                Issue.record("seed \(seed), step \(simulation.steps): \(failure)")
                // What it holds may be in a state in which it cannot be taken down.
                _ = Unmanaged.passRetained(simulation)
                failures += 1
                if failures == 3 { return (promotions, handovers, reconfigurations) }
            }
            reconfigurations += simulation.reconfigurations
            promotions += simulation.promotions
            handovers += simulation.handovers
        }
        return (promotions, handovers, reconfigurations)
    }

    @Test("Each client receives what PostgreSQL would have sent to it alone")
    func calm() { play(1...Self.count, isStormy: false) }

    @Test("With read_your_writes = eventual, clients do miss writes of their own: the comparison would see it")
    func eventual() {
        let stale = (2_000_001...2_000_000 + Self.count).count { seed in
            let simulation = Simulation(seed: seed, isStormy: false, readYourWrites: .eventual)
            let hasMissed = simulation.run() != nil
            if hasMissed { _ = Unmanaged.passRetained(simulation) }
            return hasMissed
        }
        #expect(stale > Self.count / 50)
    }

    @Test("Servers that die and connections that fail harm nobody's data and leave nothing behind")
    func storm() { play(1_000_001...1_000_000 + Self.count, isStormy: true) }

    @Test("Settings that change all the while change nothing of what clients get", arguments: [false, true])
    func reconfiguration(isStormy: Bool) {
        let first: UInt64 = isStormy ? 5_000_000 : 4_000_000
        let played = play(first + 1...first + Self.count / 2, isStormy: isStormy, reconfigures: true)
        #expect(played.reconfigurations > Self.count || Self.onlySeed != nil)
    }

    @Test(
        "Nodes that die, leave and join, and replicas that are promoted: each client gets its answers or one error, and goes on"
    )
    func failover() {
        let (promotions, handovers, _) = play(3_000_001...3_000_000 + Self.count / 2, isStormy: false, failsOver: true)
        #expect(promotions > Self.count / 4 || Self.onlySeed != nil)
        #expect(handovers > Self.count / 40 || Self.onlySeed != nil)
    }
}
