import Glibc
import Testing

@testable import Cluster

/// Seeded courses of failures around the real decisions. A violation comes back with its seed.
@Suite struct CoordinationSimulationTests {
    /// `HOWDAH_TEST_SEEDS`: how many courses of each kind.
    private static let seeds = UInt64(1)...(getenv("HOWDAH_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 40)

    @Test(arguments: [2, 3])
    func aDeadPrimaryIsReplacedOnce(proxies: Int) {
        var promotions = 0
        for seed in Self.seeds {
            let world = CoordinationWorld(seed: seed, proxies: proxies, .init())
            let isWell = world.run()
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations.prefix(3))\n\(world.history)")
            #expect(isWell || !world.hasWitness, "seed \(seed), \(proxies) proxies: no end\n\(world.history)")
            promotions += world.told.isEmpty ? 0 : 1
        }
        // Where all proxies were replaced during the loss nobody knows what to replace; that is seldom.
        #expect(promotions > Self.seeds.count / 2)
    }

    @Test(arguments: [2, 3])
    func aPrimaryThatOneProxySeesIsNotReplaced(proxies: Int) {
        for seed in Self.seeds {
            let trouble = CoordinationWorld.Trouble(
                loss: .outOfOneSight,
                losesPackets: false,
                stopsProxies: false,
                killsProxies: false,
                stopsEtcd: seed % 2 == 0,
                cutsEtcd: false
            )
            let world = CoordinationWorld(seed: seed, proxies: proxies, trouble)
            #expect(world.run(), "seed \(seed): no end\n\(world.history)")
            #expect(world.told.isEmpty, "seed \(seed)\n\(world.history)")
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
        }
    }

    /// Whoever is cut off may promote once whoever sees the primary has lost its lease, and has stopped writing by
    /// then.
    @Test(arguments: [2, 3])
    func aPrimaryThatComesAndGoesIsReplacedOnceOrNotAtAll(proxies: Int) {
        var promotions = 0
        for seed in Self.seeds {
            let world = CoordinationWorld(seed: seed, proxies: proxies, .init(loss: .outOfSomeSights))
            let isWell = world.run()
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations.prefix(3))\n\(world.history)")
            #expect(isWell, "seed \(seed), \(proxies) proxies: no end\n\(world.history)")
            promotions += world.told.isEmpty ? 0 : 1
        }
        #expect(promotions > 0)
    }

    /// What runs of a proxy first when it goes on is what would write.
    @Test func aProxyThatStoodStillDoesNotWriteWhenItGoesOn() {
        for seed in Self.seeds {
            let trouble = CoordinationWorld.Trouble(
                loss: .outOfSightOfAllThatRun,
                losesPackets: false,
                stopsProxies: false,
                killsProxies: false,
                stopsEtcd: false,
                cutsEtcd: false
            )
            let world = CoordinationWorld(seed: seed, proxies: 3, trouble)
            #expect(world.run(), "seed \(seed)\n\(world.history)")
            #expect(world.told.count == 1, "seed \(seed)\n\(world.history)")
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)\n\(world.history)")
        }
    }

    /// Commits need a replica that follows: whoever lives goes on where the promoter died, in other troubles too.
    @Test(arguments: CoordinationWorld.Step.allCases, [false, true])
    func replicasFollowWhereverThePromoterDies(step: CoordinationWorld.Step, allDie: Bool) {
        var deaths = 0
        // Each of twelve kinds.
        let seeds = Self.seeds.prefix(max(12, Self.seeds.count / 4))
        for seed in seeds {
            var trouble = seed % 2 == 0 ? CoordinationWorld.Trouble.none : .init()
            trouble.promoterDiesAt = step
            trouble.allDie = allDie
            trouble.otherIsAway = seed % 3 == 0
            trouble.hidesReceivers = seed % 5 < 2
            let world = CoordinationWorld(seed: seed, proxies: 2 + Int(seed % 2), trouble)
            let isWell = world.run()
            let kind = "seed \(seed), \(step)\(allDie ? ", all die" : ""), \(trouble)"
            #expect(world.violations.isEmpty, "\(kind): \(world.violations.prefix(3))\n\(world.history)")
            #expect(isWell || !world.hasWitness, "\(kind): no end\n\(world.history)")
            deaths += world.hasDied ? 1 : 0
        }
        #expect(deaths > seeds.count / 3)
    }

    /// Long after the promotion: there is nothing in etcd that speaks of it.
    @Test func anOldPrimaryThatIsBackAndNamesItselfFollows() {
        for seed in Self.seeds.prefix(10) {
            let world = CoordinationWorld(seed: seed, proxies: 2, .none)
            #expect(world.run(), "seed \(seed): no end\n\(world.history)")
            #expect(world.bringBackTheOldPrimary(), "seed \(seed): it does not follow\n\(world.history)")
        }
    }

    @Test func withoutTroubleALossIsOverInSeconds() {
        let world = CoordinationWorld(seed: 7, proxies: 3, .none)
        #expect(world.run(), "\(world.history)")
        #expect(world.told.count == 1 && world.violations.isEmpty, "\(world.history)")
    }
}
