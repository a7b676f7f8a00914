import ProxyCore
import Testing

@testable import Cluster

/// Node 0 was the primary, node 1 is. Times are seconds.
@Suite struct FollowingTests {
    private static let second: UInt64 = 1_000_000

    private static func replica(_ timeline: UInt32?, isStreaming: Bool = false, isHidden: Bool = false)
        -> PromotionCandidate
    {
        PromotionCandidate(role: .replica, timeline: timeline, isStreaming: isStreaming, isHidden: isHidden)
    }

    private static let silent = PromotionCandidate(role: .unknown)
    private static let fenced = PromotionCandidate(role: .unknown, isFenced: true)
    private static let primary = PromotionCandidate(role: .primary, timeline: 2)

    private static func scene(_ others: [PromotionCandidate], old: PromotionCandidate = fenced, primary: Int? = 1)
        -> PromotionScene
    {
        PromotionScene(nodes: [old, Self.primary] + others, primary: primary, accepted: 1, timeline: 2)
    }

    private struct Driver {
        var following = Following()

        /// Looks each half second.
        mutating func look(
            _ scene: PromotionScene,
            from start: UInt64,
            to end: UInt64,
            former: Int? = nil,
            right: Following.Right? = .init()
        ) -> [(action: Following.Action, at: Double)] {
            stride(from: start * second, through: end * second, by: Int(second / 2)).flatMap { now in
                following.look(scene, former: former, right, at: now).map { ($0, Double(now) / Double(second)) }
            }
        }
    }

    @Test func whatIsOwedIsPointedAtOnceAndOnce() {
        var driver = Driver()
        driver.following.owe([2, 3])
        let scene = Self.scene([Self.replica(1), Self.silent])
        let first = driver.look(scene, from: 100, to: 130)
        #expect(first.map(\.action) == [.point(replica: 2, primary: 1, onlyFrom: nil)])
        #expect(first.first?.at == 100)
        let told = driver.following.ended(2, .follows(slot: nil), primary: 1, at: 130 * Self.second)
        #expect(told == [.log(.pointed(replica: 2, .follows(slot: nil)))])
        #expect(driver.following.followers == [])
        // The other is back.
        let both = Self.scene([Self.replica(2, isStreaming: true), Self.replica(1)])
        #expect(driver.look(both, from: 131, to: 132).map(\.action) == [.point(replica: 3, primary: 1, onlyFrom: nil)])
        #expect(driver.following.followers == [2])
        _ = driver.following.ended(3, .follows(slot: nil), primary: 1, at: 133 * Self.second)
        let all = Self.scene([Self.replica(2, isStreaming: true), Self.replica(2, isStreaming: true)])
        #expect(driver.look(all, from: 134, to: 200).isEmpty)
        #expect(driver.following.followers == [2, 3])
    }

    /// Nobody knows of a promotion: as after a restart of the only proxy.
    @Test(arguments: [false, true]) func whatHasNotBegunTheTimelineIsPointedAfterAWhile(isStreaming: Bool) {
        var driver = Driver()
        let scene = Self.scene([Self.replica(1, isStreaming: isStreaming)], old: Self.silent)
        let actions = driver.look(scene, from: 100, to: 130)
        #expect(actions.map(\.action) == [.point(replica: 2, primary: 1, onlyFrom: nil)])
        #expect(actions.first?.at == 105)
    }

    @Test func eachProxyHasItsTurn() {
        var driver = Driver()
        let scene = Self.scene([Self.replica(1)])
        #expect(driver.look(scene, from: 100, to: 130, right: .init(turn: 2)).map(\.at) == [115])
        var other = Driver()
        #expect(other.look(scene, from: 100, to: 130, right: nil).isEmpty)
        // By the record of a promotion it is this proxy's at once.
        let owed = other.look(scene, from: 131, to: 140, right: .init(turn: 2, owed: [2]))
        #expect(owed.map(\.at) == [131])
    }

    /// It streams from another replica, or has been set up so that it will.
    @Test func whatFollowedBeforeIsLeftToWhoeverSetItUp() {
        var driver = Driver()
        let scene = Self.scene([Self.replica(2)])
        let actions = driver.look(scene, from: 100, to: 130, former: 0)
        // Unless it names a primary of the past, or itself.
        #expect(actions.map(\.action) == [.point(replica: 2, primary: 1, onlyFrom: [0, 2])])
        #expect(driver.following.ended(2, .leftAlone, primary: 1, at: 130 * Self.second).isEmpty)
    }

    @Test(arguments: [(UInt32?.none, false), (1, true)]) func whatIsNotKnownIsLeftAlone(
        timeline: UInt32?,
        isHidden: Bool
    ) {
        var driver = Driver()
        let scene = Self.scene([Self.replica(timeline, isHidden: isHidden)])
        #expect(driver.look(scene, from: 100, to: 300).isEmpty)
        // What is owed is pointed all the same, and taken at its word.
        driver.following.owe([2])
        #expect(driver.look(scene, from: 301, to: 310).count == 1)
        _ = driver.following.ended(2, .follows(slot: nil, isHidden: true), primary: 1, at: 311 * Self.second)
        #expect(driver.following.followers == [2])
        #expect(driver.look(scene, from: 312, to: 400).isEmpty)
    }

    @Test func aFailureIsTriedAgainAndToldOnce() {
        var driver = Driver()
        driver.following.owe([2])
        let scene = Self.scene([Self.replica(1)])
        var tries: [Double] = []
        var news: [Following.Action] = []
        for time in 100...200 as ClosedRange<UInt64> {
            for (action, at) in driver.look(scene, from: time, to: time) {
                if case .log = action { news.append(action) } else { tries.append(at) }
                news += driver.following.ended(2, .refused("no"), primary: 1, at: time * Self.second)
            }
        }
        #expect(tries == [100, 105, 115, 135, 175])
        #expect(news == [.log(.pointed(replica: 2, .refused("no")))])
    }

    @Test func oneThatNamesThePrimaryInVainIsTold() {
        var driver = Driver()
        driver.following.owe([2])
        let scene = Self.scene([Self.replica(1)])
        var news: [Following.Action] = []
        for time in 100...200 as ClosedRange<UInt64> {
            for (action, _) in driver.look(scene, from: time, to: time) {
                if case .log = action {
                    news.append(action)
                } else {
                    news += driver.following.ended(2, .followsAlready(slot: nil), primary: 1, at: time * Self.second)
                }
            }
        }
        #expect(news == [.log(.namesPrimaryInVain(replica: 2, primary: 1))])
    }

    @Test func thereIsNothingToFollowWithoutAPrimary() {
        var driver = Driver()
        driver.following.owe([2])
        #expect(driver.look(Self.scene([Self.replica(1)], primary: nil), from: 100, to: 130).isEmpty)
    }
}
