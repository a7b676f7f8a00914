import Testing

@testable import Cluster

/// One proxy, `a`, and what etcd tells it. Times are seconds; the lease is one of 9.
@Suite struct CoordinatorTests {
    private static let second: UInt64 = 1_000_000
    private static let names = ["db0", "db1", "db2"]

    /// Drives a coordinator, whose questions are answered by hand.
    private struct Driver {
        var coordinator = Coordinator(id: "a", name: "a:1", rules: CoordinationRules(seconds: 9))
        var state = CoordinationState(revision: 10)
        var actions: [CoordinationAction] = []
        /// Of every other proxy's lease.
        var remaining = 9
        /// The changes of the attempt that were asked for, each with the revision that had been read.
        var changes: [(exchange: CoordinationExchange, read: UInt64)] = []

        mutating func tell(_ event: Coordinator.Event, at time: UInt64) {
            actions += coordinator.handle(event, at: time)
        }

        /// Answers until nothing is asked at this time; renewals and grants as etcd would.
        mutating func settle(at time: UInt64) {
            while let request = takeQuestion() {
                switch request {
                case .grant: tell(.answered(.granted(lease: 1, seconds: 9)), at: time)
                case .keepAlive: tell(.answered(.kept(seconds: 9)), at: time)
                case .remaining: tell(.answered(.remaining(seconds: remaining, of: 9)), at: time)
                case .exchange(let exchange):
                    if case .attempt = exchange.change { changes.append((exchange, state.revision)) }
                    state.revision += 1
                    switch exchange.change {
                    case .status(let id, let status, _): state.proxies[id] = .init(status, revision: state.revision)
                    case .attempt(let attempt): state.attempt = .init(attempt, revision: state.revision)
                    case nil: break
                    }
                    tell(.answered(.state(state, isMade: true)), at: time)
                }
            }
        }

        mutating func takeQuestion() -> CoordinationRequest? {
            for (place, action) in actions.enumerated() {
                if case .ask(let request) = action {
                    actions.remove(at: place)
                    return request
                }
            }
            return nil
        }

        mutating func takePromotions() -> [Promotion.Event] {
            defer { actions = actions.filter { if case .promotion = $0 { false } else { true } } }
            return actions.compactMap { if case .promotion(let event) = $0 { event } else { nil } }
        }
    }

    private func look(sees: Int?) -> CoordinationLook {
        CoordinationLook(names: Self.names, sees: sees, timeline: sees == nil ? 0 : 1, lastTimeline: 1)
    }

    /// With a lease from second 100 on.
    private func leased(sees: Int? = 0) -> Driver {
        var driver = Driver()
        driver.tell(.looked(look(sees: sees)), at: 100 * Self.second)
        driver.settle(at: 100 * Self.second)
        return driver
    }

    private func attempt(_ stage: PromotionAttempt.Stage, by: String = "b", old: String = "db0") -> PromotionAttempt {
        PromotionAttempt(number: 5, old: old, candidate: "db1", timeline: 1, stage: stage, by: by, byName: "b:1")
    }

    @Test func writesGoOnForTwoThirdsOfALease() {
        var driver = Driver()
        #expect(driver.coordinator.hold(at: 100 * Self.second) == .noLease(nil))
        driver.tell(.due, at: 100 * Self.second)
        #expect(driver.takeQuestion() == .grant(seconds: 9))
        // The answer takes its time, which does not count.
        driver.tell(.answered(.granted(lease: 1, seconds: 9)), at: 102 * Self.second)
        #expect(driver.coordinator.writesUntil == 0)
        driver.settle(at: 102 * Self.second)
        #expect(driver.state.proxies["a"]?.value == ProxyStatus(name: "a:1"))
        // Renewed at once, since the grant is two seconds old.
        #expect(driver.coordinator.writesUntil == 108 * Self.second)
        #expect(driver.coordinator.hold(at: 108 * Self.second - 1) == nil)
        #expect(driver.coordinator.hold(at: 108 * Self.second) == .noLease(nil))
        driver.tell(.due, at: 103 * Self.second)
        _ = driver.takeQuestion()
        driver.tell(.answered(.failed("refused")), at: 104 * Self.second)
        #expect(driver.actions.contains(.log(.silent("refused", writes: .seconds(4)))))
        driver.tell(.due, at: 108 * Self.second)
        #expect(driver.actions.contains(.log(.held(.noLease("refused")))))
    }

    @Test func aLeaseThatIsGoneEndsWritesAtOnce() {
        var driver = leased()
        #expect(driver.coordinator.hold(at: 101 * Self.second) == nil)
        driver.tell(.due, at: 101 * Self.second)
        #expect(driver.takeQuestion() == .exchange(CoordinationExchange()))
        driver.tell(.answered(.state(driver.state, isMade: true)), at: 101 * Self.second)
        #expect(driver.takeQuestion() == .keepAlive(lease: 1))
        driver.tell(.answered(.kept(seconds: 0)), at: 101 * Self.second)
        #expect(driver.coordinator.writesUntil == 0)
        #expect(driver.takeQuestion() == .grant(seconds: 9))
    }

    @Test func aKeyThatIsGoneEndsWritesUntilItIsThereAgain() {
        var driver = leased()
        driver.state.proxies = [:]
        driver.tell(.due, at: 101 * Self.second)
        _ = driver.takeQuestion()
        driver.tell(.answered(.state(driver.state, isMade: true)), at: 101 * Self.second)
        #expect(driver.coordinator.hold(at: 101 * Self.second) != nil)
        driver.settle(at: 101 * Self.second)
        #expect(driver.coordinator.hold(at: 101 * Self.second) == nil)
    }

    @Test func aClaimGoesThroughAllItsSteps() {
        var driver = leased(sees: nil)
        driver.state.proxies["b"] = .init(ProxyStatus(name: "b:1"), revision: 3)
        let claim = Coordinator.Event.intends(.claim(old: 0, candidate: 1))
        driver.tell(claim, at: 101 * Self.second)
        driver.settle(at: 101 * Self.second)
        // Others may be on their way still.
        #expect(driver.takePromotions() == [.denied(.proxiesAwaited)])
        for time in UInt64(102)...109 {
            driver.tell(.due, at: time * Self.second)
            driver.settle(at: time * Self.second)
        }
        driver.tell(claim, at: 109 * Self.second)
        driver.settle(at: 109 * Self.second)
        #expect(driver.takePromotions() == [.granted])
        #expect(driver.state.attempt?.value.stage == .fencing)
        let number = driver.state.attempt?.value.number ?? 0
        driver.tell(.cutOff, at: 110 * Self.second)
        driver.settle(at: 110 * Self.second)
        #expect(driver.state.proxies["a"]?.value?.fenced == number)
        #expect(driver.takePromotions().isEmpty)
        driver.state.proxies["b"] = .init(ProxyStatus(name: "b:1", fenced: number), revision: 40)
        driver.tell(.due, at: 111 * Self.second)
        driver.settle(at: 111 * Self.second)
        #expect(driver.takePromotions() == [.allTold])
        #expect(driver.state.attempt?.value.stage == .told)
        driver.tell(.intends(.finish(followers: [2])), at: 112 * Self.second)
        driver.settle(at: 112 * Self.second)
        #expect(driver.state.attempt?.value.stage == .following)
        #expect(driver.state.attempt?.value.followers == ["db2"])
        #expect(driver.takePromotions().isEmpty)
        // The replica follows.
        let look = CoordinationLook(names: Self.names, sees: 1, timeline: 2, lastTimeline: 2)
        driver.tell(.looked(look), at: 113 * Self.second)
        driver.settle(at: 113 * Self.second)
        #expect(driver.coordinator.rightToPoint(at: 113 * Self.second) == Following.Right(turn: 0, owed: [2]))
        #expect(driver.state.attempt?.value.stage == .following)
        var followed = look
        followed.followers = [2]
        driver.tell(.looked(followed), at: 113 * Self.second)
        driver.settle(at: 113 * Self.second)
        #expect(driver.state.attempt?.value.stage == .done)
        #expect(driver.takePromotions().isEmpty)
        // Neither is made if anybody has come, or said anything new, since the proof was read.
        #expect(driver.changes.count == 4)
        for (exchange, read) in driver.changes.prefix(2) {
            #expect(exchange.guards.contains(.proxiesUnchanged(since: read)))
            #expect(exchange.guards.count == 3)
        }
    }

    @Test func whoSeesThePrimaryObjects() {
        var driver = leased(sees: nil)
        driver.state.proxies["b"] = .init(ProxyStatus(name: "b:1", sees: "db0"), revision: 3)
        driver.tell(.intends(.claim(old: 0, candidate: 1)), at: 101 * Self.second)
        driver.settle(at: 101 * Self.second)
        #expect(driver.takePromotions() == [.denied(.objected(proxy: "b:1", node: "db0"))])
        // One that does not renew its lease has said so once, and may not say so any more.
        var still = leased(sees: nil)
        still.state.proxies["b"] = .init(ProxyStatus(name: "b:1", sees: "db0"), revision: 3, lease: 7)
        still.remaining = 5
        still.tell(.intends(.claim(old: 0, candidate: 1)), at: 101 * Self.second)
        still.settle(at: 101 * Self.second)
        #expect(still.takePromotions() == [.denied(.standsStill(proxy: "b:1"))])
        still.remaining = 8
        still.tell(.intends(.claim(old: 0, candidate: 1)), at: 103 * Self.second)
        still.settle(at: 103 * Self.second)
        #expect(still.takePromotions() == [.denied(.objected(proxy: "b:1", node: "db0"))])
        // And does not follow.
        var other = leased(sees: 0)
        other.state.proxies["b"] = .init(ProxyStatus(name: "b:1"), revision: 3)
        other.state.attempt = .init(attempt(.fencing), revision: 4)
        other.tell(.due, at: 101 * Self.second)
        other.settle(at: 101 * Self.second)
        #expect(other.takePromotions().isEmpty)
        #expect(other.state.proxies["a"]?.value == ProxyStatus(name: "a:1", sees: "db0"))
    }

    @Test(arguments: [PromotionAttempt.Stage.fencing, .told])
    func whoStartsFollowsBeforeItWrites(stage: PromotionAttempt.Stage) {
        var driver = Driver()
        driver.state.proxies["b"] = .init(ProxyStatus(name: "b:1", fenced: 5), revision: 3)
        driver.state.attempt = .init(attempt(stage), revision: 4)
        driver.tell(.looked(look(sees: nil)), at: 100 * Self.second)
        driver.settle(at: 100 * Self.second)
        #expect(driver.takePromotions() == [.followed(old: 0, candidate: 1)])
        driver.tell(.cutOff, at: 100 * Self.second)
        driver.settle(at: 100 * Self.second)
        #expect(driver.state.proxies["a"]?.value?.fenced == 5)
        driver.state.attempt?.value.stage = .cancelled
        driver.tell(.due, at: 101 * Self.second)
        driver.settle(at: 101 * Self.second)
        #expect(driver.takePromotions() == [.released])
        #expect(driver.state.proxies["a"]?.value?.fenced == 0)
    }

    @Test func anAttemptWhoseProxyIsGoneIsVoidOrGoesOn() {
        var early = leased(sees: nil)
        early.state.attempt = .init(attempt(.fencing), revision: 4)
        early.tell(.due, at: 101 * Self.second)
        early.settle(at: 101 * Self.second)
        #expect(early.takePromotions() == [.followed(old: 0, candidate: 1), .released])
        #expect(early.state.attempt?.value.stage == .cancelled)
        var late = leased(sees: nil)
        late.state.attempt = .init(attempt(.told), revision: 4)
        late.tell(.due, at: 101 * Self.second)
        late.settle(at: 101 * Self.second)
        #expect(
            late.takePromotions() == [.followed(old: 0, candidate: 1), .inherited(old: 0, candidate: 1)]
        )
        #expect(late.state.attempt?.value.by == "a")
        late.tell(.cutOff, at: 102 * Self.second)
        late.settle(at: 102 * Self.second)
        #expect(late.takePromotions() == [.allTold])
    }

    /// Told, and seen to be the primary, when its proxy dies; or written, and not pointed.
    @Test(arguments: [PromotionAttempt.Stage.told, .following])
    func whatIsLeftOfAnAttemptGoesOn(stage: PromotionAttempt.Stage) {
        var driver = Driver()
        var record = attempt(stage)
        record.followers = stage == .following ? ["db2"] : []
        driver.state.attempt = .init(record, revision: 4)
        driver.state.proxies["b"] = .init(ProxyStatus(name: "b:1", sees: "db1"), revision: 3)
        driver.tell(
            .looked(CoordinationLook(names: Self.names, sees: 1, timeline: 2, lastTimeline: 2)),
            at: 100 * Self.second
        )
        driver.settle(at: 100 * Self.second)
        // While its proxy lives it is that one's, and this one's turn comes later.
        #expect(driver.changes.isEmpty)
        #expect(driver.coordinator.rightToPoint(at: 100 * Self.second) == Following.Right(turn: 1, owed: []))
        driver.state.proxies["b"] = nil
        driver.tell(.due, at: 101 * Self.second)
        driver.settle(at: 101 * Self.second)
        #expect(driver.state.attempt?.value.by == "a")
        #expect(driver.state.attempt?.value.stage == .following)
        #expect(driver.state.attempt?.value.followers == ["db2"])
        #expect(driver.changes.first?.exchange.guards.contains(.proxy("b", 0)) == true)
        #expect(driver.coordinator.rightToPoint(at: 101 * Self.second) == Following.Right(turn: 0, owed: [2]))
        // Without a lease nobody is pointed anywhere.
        #expect(driver.coordinator.rightToPoint(at: 200 * Self.second) == nil)
    }

    @Test func whatHasEndedIsNotWrittenTo() {
        var driver = Driver()
        driver.state.attempt = .init(attempt(.done), revision: 4)
        driver.tell(.looked(look(sees: 0)), at: 100 * Self.second)
        driver.settle(at: 100 * Self.second)
        #expect(driver.coordinator.hold(at: 100 * Self.second) == .outdated(timeline: 1, candidate: "db1"))
        let newer = CoordinationLook(names: Self.names, sees: 1, timeline: 2, lastTimeline: 2)
        driver.tell(.looked(newer), at: 101 * Self.second)
        #expect(driver.coordinator.hold(at: 101 * Self.second) == nil)
    }

    @Test func aNodeThatIsNotKnownHoldsAllWrites() {
        var driver = leased(sees: nil)
        driver.state.proxies["b"] = .init(ProxyStatus(name: "b:1"), revision: 3)
        driver.state.attempt = .init(attempt(.fencing, old: "elsewhere"), revision: 4)
        driver.tell(.due, at: 101 * Self.second)
        driver.settle(at: 101 * Self.second)
        #expect(driver.coordinator.hold(at: 101 * Self.second) == .strangeNode("elsewhere", by: "b:1"))
        #expect(driver.state.proxies["a"]?.value?.fenced == 0)
    }

    /// The answer to a claim was lost, and the claim has been made after it was given up.
    @Test func aClaimThatNobodyWantsAnyMoreIsTakenBack() {
        var driver = leased(sees: nil)
        driver.tell(.due, at: 110 * Self.second)
        driver.settle(at: 110 * Self.second)
        driver.state.attempt = .init(attempt(.fencing, by: "a"), revision: 4)
        driver.tell(.due, at: 111 * Self.second)
        driver.settle(at: 111 * Self.second)
        #expect(driver.state.attempt?.value.stage == .cancelled)
        #expect(!driver.takePromotions().contains(.granted))
    }
}
