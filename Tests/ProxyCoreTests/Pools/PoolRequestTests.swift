import Bytes
@testable import ProxyCore
import ProxyTerms
import SeededRandom
import Testing

/// A pool alone: who asks gets which server, who waits, what is opened.
struct PoolRequestTests {
    private static func pool(nodes: Int = 1, _ change: (inout PoolOptions) -> Void = { _ in }) -> Pool {
        var options = PoolOptions()
        change(&options)
        return Pool(
            handle: server(0),
            key: PoolKey(database: "shop", user: "ann"),
            options: options,
            nodeCount: nodes,
            catalog: .builtin,
            epoch: 0
        )
    }

    private static func server(_ number: UInt32) -> Handle { Handle(index: number, generation: 1) }

    /// A server of the pool is free.
    private static func free(
        _ number: UInt32,
        _ pool: inout Pool,
        node: Int = 0,
        _ profile: ProfileID = .base,
        since: Microseconds = 0,
        isUnused: Bool = false
    ) {
        pool.nodes[node].isFree(
            IdleServers.Entry(server: server(number), profile: profile, since: since, isUnused: isUnused)
        )
    }

    private static func list(_ nodes: [Int]) -> NodeList {
        var list = NodeList(capacity: nodes.count)
        list.assign(nodes)
        return list
    }

    private let profiles = ProfileStore(seed: 1)

    private func profile(_ count: Int, _ value: String = "on") -> ProfileID {
        profiles.intern((0..<count).map { SessionSetting(name: "enable_\($0)", value: value) })
    }

    // MARK: Which server

    @Test("The server with the session's settings, then one that nobody has had, a clean one, and one that is changed")
    func order() {
        let (mine, others) = (profile(1), profile(2))
        var pool = Self.pool()
        Self.free(1, &pool, isUnused: true)
        Self.free(2, &pool, mine)
        Self.free(3, &pool)
        Self.free(4, &pool, others)
        Self.free(5, &pool, mine)
        Self.free(6, &pool, others)
        var granted: [UInt32] = []
        for _ in 0..<6 {
            let grant = pool.grant(from: 0, mine, profiles, now: IdleServers.soon)
            #expect(grant.opens == nil)
            granted.append(grant.server.index)
        }
        #expect(granted == [5, 2, 1, 3, 4, 6])
        let isEmpty = pool.grant(from: 0, mine, profiles, now: 0) == .none && !pool.hasIdle
        #expect(isEmpty)
    }

    @Test("Where somebody may come back to the settings of the longest idle server, the one used last is changed")
    func change() {
        let (mine, others) = (profile(1), profile(2))
        for (age, expected) in [(IdleServers.soon - 1, UInt32(2)), (IdleServers.soon, 1)] {
            var pool = Self.pool()
            Self.free(1, &pool, others, since: 100)
            Self.free(2, &pool, others, since: 100 + age)
            let grant = pool.grant(from: 0, mine, profiles, now: 100 + age)
            #expect(grant.server.index == expected)
        }
    }

    @Test("For a session with many settings another server is wanted, unless one is being opened")
    func many() {
        let others = profile(1)
        for (count, isOpening, opens) in [
            (ProfileStore.many - 1, false, nil), (ProfileStore.many, false, 0), (ProfileStore.many, true, nil),
        ] as [(Int, Bool, Int?)] {
            var pool = Self.pool()
            Self.free(1, &pool, others)
            if isOpening { pool.nodes[0].opens() }
            let grant = pool.grant(from: 0, profile(count, "off"), profiles, now: 0)
            #expect(grant == Grant(server: Self.server(1), opens: opens))
        }
    }

    @Test("Another node's server that has the settings comes before one that would be changed, if it is as good")
    func elsewhere() {
        let (mine, others) = (profile(1), profile(2))
        let nodes = Self.list([0, 1, 2])
        defer { nodes.deallocate() }
        var pool = Self.pool(nodes: 3)
        Self.free(1, &pool, node: 0, others, since: 40)
        Self.free(2, &pool, node: 1, mine)
        Self.free(3, &pool, node: 2, mine)
        var asked: [Int] = []
        var grant = pool.grant(from: 0, mine, profiles, now: 100, orFrom: nodes) { other, idle in
            #expect(idle == 60)
            asked.append(other)
            return other == 2
        }
        #expect(asked == [1, 2])
        // Both have one: none lacks its share.
        #expect(grant == Grant(server: Self.server(3), opens: nil))
        grant = pool.grant(from: 0, mine, profiles, now: 100, orFrom: nodes) { _, _ in false }
        #expect(grant.server == Self.server(1))
        // One that nobody has had is rather taken than another node's.
        Self.free(4, &pool, node: 0, isUnused: true)
        grant = pool.grant(from: 0, mine, profiles, now: 100, orFrom: nodes) { _, _ in true }
        #expect(grant.server == Self.server(4))
    }

    @Test("A node gets its share where it has fewer servers than the one that gave its own")
    func share() {
        let (mine, others) = (profile(1), profile(2))
        let nodes = Self.list([0, 1])
        defer { nodes.deallocate() }
        for (isOpening, opens) in [(false, 0), (true, nil)] as [(Bool, Int?)] {
            var pool = Self.pool(nodes: 2)
            Self.free(1, &pool, node: 0, others)
            Self.free(2, &pool, node: 1, mine)
            Self.free(3, &pool, node: 1, mine)
            Self.free(4, &pool, node: 1, mine)
            if isOpening { pool.nodes[0].opens() }
            let grant = pool.grant(from: 0, mine, profiles, now: 0, orFrom: nodes) { _, _ in true }
            #expect(grant == Grant(server: Self.server(4), opens: opens))
        }
    }

    // MARK: Opening

    private enum Obstacle: CaseIterable {
        case none, paused, dead, tooSoon, ramp, size, generations, limit
    }

    @Test("Another server is opened where nothing stands against it", arguments: Obstacle.allCases)
    private func opens(_ obstacle: Obstacle) {
        var pool = Self.pool { ($0.size, $0.connectRamp) = (3, 2) }
        pool.nodes[0].opens()
        Self.free(1, &pool)
        switch obstacle {
        case .none, .limit: break
        case .paused: pool.isPaused = true
        case .dead: pool.isDead = true
        case .tooSoon: pool.nodes[0].retryAt = 101
        case .ramp: pool.nodes[0].opens()
        case .size: Self.free(2, &pool)
        case .generations: pool.hasGenerations = true
        }
        let mayOpen = pool.mayOpen(
            on: 0,
            now: 100,
            longestWait: 0,
            totalOfAll: 3,
            isLimitReached: obstacle == .limit
        )
        #expect(mayOpen == (obstacle == .none))
    }

    @Test("The reserve is for those who have waited long")
    func reserve() {
        var pool = Self.pool { ($0.size, $0.reserveSize, $0.reserveTimeout) = (1, 1, 50) }
        Self.free(1, &pool)
        for (wait, expected) in [(49, false), (50, true)] as [(Microseconds, Bool)] {
            let mayOpen = pool.mayOpen(on: 0, now: 0, longestWait: wait, totalOfAll: 1, isLimitReached: false)
            #expect(mayOpen == expected)
        }
        let isBeyond = pool.isBeyondSize(on: 0, totalOfAll: 1)
        #expect(!isBeyond)
        Self.free(2, &pool)
        Self.free(3, &pool)
        let isBeyondNow = pool.isBeyondSize(on: 0, totalOfAll: 3)
        #expect(isBeyondNow)
    }

    @Test("As many are wanted as wait, on the node with the fewest for its weight")
    func wanted() {
        var pool = Self.pool(nodes: 3)
        pool.readers.append(Self.server(1), since: 0)
        pool.writers.append(Self.server(2), since: 0)
        let wants = { (pool: borrowing Pool, reads: Bool, isPrimary: Bool) in
            pool.wantsMore(on: 0, takesReads: reads, isPrimary: isPrimary)
        }
        var wanted = [wants(pool, false, false), wants(pool, true, false), wants(pool, false, true)]
        #expect(wanted == [false, true, true])
        pool.nodes[0].opens()
        wanted = [wants(pool, true, false), wants(pool, false, true), wants(pool, true, true)]
        #expect(wanted == [false, false, true])
        Self.free(9, &pool)
        // Who waits to read while a server is free waits for another node.
        let isWanted = wants(pool, true, true)
        #expect(!isWanted)
        let nodes = Self.list([0, 1, 2])
        defer { nodes.deallocate() }
        Self.free(3, &pool, node: 1)
        let weights = [1, 1, 0]
        var node = pool.nodeToOpen(nodes, weight: { weights[$0] }, where: { _ in true })
        #expect(node == 2)
        node = pool.nodeToOpen(nodes, weight: { [1, 4, 1][$0] }, where: { $0 != 2 })
        #expect(node == 1)
        node = pool.nodeToOpen(nodes, weight: { _ in 1 }, where: { _ in false })
        #expect(node == nil)
        let connecting = pool.connecting(on: nodes)
        #expect(connecting == 1)
    }

    // MARK: A node's servers

    @Test("Servers are counted at each of their stages, whatever they go through", arguments: 1...20)
    func stages(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var pool = Self.pool()
        var stages: [UInt32: NodePool.Stage] = [:]
        var next: UInt32 = 1
        for step in 0..<500 {
            let now = Microseconds(step)
            let those = { (stage: NodePool.Stage) in stages.filter { $0.value == stage }.keys.sorted() }
            switch Int.random(in: 0..<7, using: &random) {
            case 0:
                pool.nodes[0].opens()
                stages[next] = .connecting
                next += 1
            case 1:
                guard let number = those(.connecting).randomElement(using: &random) else { continue }
                pool.nodes[0].isLetIn(now: now)
                if Bool.random(using: &random) {
                    Self.free(number, &pool, since: now, isUnused: true)
                    stages[number] = .idle
                } else {
                    pool.nodes[0].isTaken()
                    stages[number] = .active
                }
            case 2:
                let grant = pool.grant(from: 0, .base, profiles, now: now)
                #expect(grant.server.isNone == those(.idle).isEmpty)
                if grant.server.isNone { continue }
                #expect(stages[grant.server.index] == .idle)
                stages[grant.server.index] = .active
            case 3:
                guard let number = those(.active).randomElement(using: &random) else { continue }
                pool.nodes[0].drains()
                stages[number] = .leaving
            case 4:
                guard let number = those(.leaving).randomElement(using: &random) else { continue }
                pool.nodes[0].isDrained()
                Self.free(number, &pool, since: now)
                stages[number] = .idle
            case 5:
                guard let number = next > 1 ? UInt32.random(in: 1..<next, using: &random) : nil else { continue }
                let isTaken = pool.nodes[0].take(Self.server(number))
                #expect(isTaken == (stages[number] == .idle))
                if isTaken { stages[number] = .active }
            default:
                guard let (number, stage) = stages.sorted(by: { $0.key < $1.key }).randomElement(using: &random) else {
                    continue
                }
                pool.nodes[0].left(Self.server(number), from: stage)
                stages[number] = nil
            }
            let counted = [
                pool.nodes[0].connecting, pool.nodes[0].idle.count, pool.nodes[0].active, pool.nodes[0].leaving,
            ]
            let expected = [NodePool.Stage.connecting, .idle, .active, .leaving].map { stage in
                stages.values.count { $0 == stage }
            }
            #expect(counted == expected)
            let total = pool.nodes[0].total
            #expect(total == stages.count)
        }
        #expect(next > 20)
    }

    @Test("What a node has refused counts until it lets a server in, and not against servers from before")
    func refusals() {
        var node = NodePool()
        node.refuses("is starting up", now: 10)
        node.refuses("still is", now: 20)
        var since = node.outage?.since
        #expect(since == 10)
        node.opens()
        node.isLetIn(now: 30)
        node.isTaken()
        since = node.outage?.since
        #expect(since == nil)
        var usable = node.usableSince
        #expect(usable == 30)
        node.refuses("is full", now: 40)
        since = node.outage?.since
        #expect(since == nil)
        node.left(Self.server(1), from: .active)
        since = node.outage?.since
        #expect(since == 40)
        node.retryAt = 60
        var states = [node.isRefused(now: 59), node.isRefused(now: 60)]
        #expect(states == [true, false])
        node.refusedLogin = .lostTrack
        states = [node.lacksServers, node.isRefusedLately(now: 59), node.isRefusedLately(now: 60)]
        #expect(states == [true, true, false])
        node.isAnotherNode(now: 70)
        states = [node.lacksServers, node.isRefused(now: 59), node.outage != nil]
        #expect(states == [false, false, false])
        usable = node.usableSince
        #expect(usable == 70)
    }
}
