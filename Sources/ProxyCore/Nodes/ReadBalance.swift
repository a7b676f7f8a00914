/// Chooses the node for a read: pure, given the numbers of each node and a draw.
///
/// Power of two choices. Two nodes are drawn, each as likely as its weight; the first stays unless the second costs
/// clearly less. What is clear is drawn as well: so two nodes that are equal but for noise share evenly, and a node
/// that turns slow, or quick, loses or wins its reads by and by and not all at one moment. A node's cost is the square
/// of its smoothed latency times what it has to do for its weight: with the latency alone a node three times as slow
/// would get a tenth of the reads while the other has room, and with them the slowest twentieth of all. Latencies that
/// are alike are taken as equal; how alike is drawn, too.
struct ReadBalance: ~Copyable {
    /// By how much the second must be cheaper at most.
    static let widestMargin = 1.0
    /// Squares of latencies that differ by less than this, at most, are taken as equal.
    static let widestLikeness = 3.0
    /// So many microseconds after its last use a server's settings are certainly nobody's who comes back at once.
    static let forgotten = 100_000.0
    /// What was measured becomes stale within about so many microseconds.
    static let memory = 1_000_000.0

    private(set) var nodes: UnsafeMutablePointer<NodeBalance>
    private(set) var count: Int
    /// `slow_start`; 0: none.
    var slowStart: Microseconds
    /// Mean latency of the nodes that are known, 0 while none is; what a node counts as that is not.
    private(set) var average = 0.0
    private var lastLook: Microseconds = 0

    init(count: Int, slowStart: Microseconds) {
        self.count = count
        self.slowStart = slowStart
        nodes = .allocate(capacity: count)
        nodes.initialize(repeating: NodeBalance(), count: count)
    }

    deinit { nodes.deallocate() }

    /// Nodes have joined.
    mutating func grow(to new: Int) {
        guard new > count else { return }
        let grown = UnsafeMutablePointer<NodeBalance>.allocate(capacity: new)
        grown.moveInitialize(from: nodes, count: count)
        (grown + count).initialize(repeating: NodeBalance(), count: new - count)
        nodes.deallocate()
        nodes = grown
        count = new
    }

    // MARK: What is known

    /// Which nodes take reads now, and their weights; 0 counts as the least.
    mutating func setReaders(_ readers: [Int], now: Microseconds, weight: (Int) -> Int) {
        let heaviest = max(1, readers.reduce(0) { max($0, weight($1)) })
        for node in 0..<count {
            guard readers.contains(node) else {
                nodes[node].leave()
                continue
            }
            if nodes[node].since == nil { nodes[node].enter(now: now) }
            nodes[node].setWeight(Double(max(1, weight(node))) / Double(heaviest), now: now, slowStart: slowStart)
        }
        measureAverage()
    }

    /// A statement runs there from now on.
    @inline(__always)
    func began(on node: Int) { nodes[node].inFlight &+= 1 }

    @inline(__always)
    func ended(on node: Int) { nodes[node].inFlight &-= 1 }

    /// The slot's node takes no reads any more.
    func leave(_ node: Int) { nodes[node].leave() }

    /// A read's reply has begun.
    /// - Parameter time: microseconds since it was sent.
    @inline(__always)
    mutating func note(_ node: Int, time: Microseconds) { nodes[node].note(Double(time)) }

    /// Time has passed: called about ten times a second.
    mutating func look(now: Microseconds) {
        let share = min(1, Double(now - lastLook) / Self.memory)
        lastLook = now
        let best = quickest
        for node in 0..<count where nodes[node].since != nil {
            nodes[node].decay(towards: best, share: share)
            if nodes[node].isStarting { nodes[node].setWeight(nodes[node].fullWeight, now: now, slowStart: slowStart) }
        }
        measureAverage()
    }

    private var quickest: Double {
        var best = Double.infinity
        for node in 0..<count where nodes[node].since != nil && nodes[node].isKnown {
            best = min(best, nodes[node].latency)
        }
        return best
    }

    private mutating func measureAverage() {
        var sum = 0.0
        var known = 0.0
        for node in 0..<count where nodes[node].since != nil && nodes[node].isKnown {
            sum += nodes[node].latency
            known += 1
        }
        average = known > 0 ? sum / known : 0
    }

    // MARK: The choice

    /// The latency that counts, in microseconds.
    @inline(__always)
    func latency(_ node: Int) -> Double {
        (nodes[node].isKnown ? nodes[node].latency : average) + NodeBalance.noise
    }

    /// What the node has to do, for its weight.
    @inline(__always)
    private func load(_ node: Int) -> Double { 1 + Double(nodes[node].inFlight) / nodes[node].weight }

    /// Whether the second costs clearly less.
    /// - Parameter draw: from 0 up to 1.
    @inline(__always)
    private func isCheaper(_ second: Int, than first: Int, draw: Double) -> Bool {
        var (here, there) = (latency(first), latency(second))
        (here, there) = (here * here, there * there)
        let likeness = 1 + Self.widestLikeness * draw
        // A client that reads alone finds both idle: what chance and caches make of their latencies is not to send all
        // of its reads to one.
        if here < there * likeness, there < here * likeness { (here, there) = (1, 1) }
        return there * load(second) * (1 + Self.widestMargin * draw) < here * load(first)
    }

    /// Whether the first is so much slower or busier than the second that what a session has there does not make up for
    /// it.
    private func isMuchDearer(_ first: Int, than second: Int) -> Bool {
        latency(first) > 2 * latency(second) || load(first) > 2 * load(second) + Self.chance
    }

    /// Whether a read stays with the node that was chosen for it, though it must bring one of that node's servers to
    /// its session's settings first, and another node has a server with them.
    ///
    /// Where servers are scarce and sessions come back to them at once, settings win: a change costs a server more than
    /// a read by key, and whoever had the server must change it back. The longer nobody has come back to the server
    /// that would be taken, the likelier the choice wins: so a session that reads alone reads from all nodes, and busy
    /// ones seldom take each other's servers for the sake of shares.
    /// - Parameters:
    ///   - idle: microseconds since anybody used the server of the node that has been free for the longest time.
    ///   - draw: 64 random bits.
    func keepsChoice(of node: Int, before other: Int, idle: Microseconds, draw: UInt64) -> Bool {
        isMuchDearer(other, than: node) || Self.fraction(draw) * Self.forgotten < Double(idle)
    }

    /// By so many statements in flight the loads of nodes that share evenly may well differ.
    private static let chance = 8.0

    /// - Parameters:
    ///   - draw: 64 random bits.
    ///   - isEligible: asked several times for a node.
    /// - Returns: one of the list's nodes; -1 where none is eligible.
    @inline(__always)
    func choose(_ list: NodeList, draw: UInt64, where isEligible: (Int) -> Bool) -> Int {
        var total = 0.0
        for place in 0..<list.count where isEligible(list[place]) { total += nodes[list[place]].weight }
        if total == 0 { return -1 }
        let first = pick(list, Self.fraction(draw) * total, except: -1, where: isEligible)
        let rest = total - nodes[first].weight
        let second = pick(list, Self.fraction(draw >> 24) * rest, except: first, where: isEligible)
        if second < 0 { return first }
        return isCheaper(second, than: first, draw: Double(draw >> 48) / 65536) ? second : first
    }

    /// The node in whose share of the weights `at` falls.
    @inline(__always)
    private func pick(_ list: NodeList, _ at: Double, except: Int, where isEligible: (Int) -> Bool) -> Int {
        var left = at
        var last = -1
        for place in 0..<list.count {
            let node = list[place]
            guard node != except, isEligible(node) else { continue }
            last = node
            left -= nodes[node].weight
            if left < 0 { break }
        }
        return last
    }

    /// From 0 up to 1, of the lowest 24 bits.
    @inline(__always)
    private static func fraction(_ bits: UInt64) -> Double { Double(bits & 0xFF_FFFF) / 16_777_216 }
}
