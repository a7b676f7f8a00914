/// Whether a pool opens another server, and on which node.
extension Pool {
    /// - Parameters:
    ///   - longestWait: of those who wait for a server of this pool; asked only where there is a reserve.
    ///   - totalOfAll: servers that all pools of this key have on the node; asked only where there are several.
    ///   - isLimitReached: whether a limit over several pools (`Quota`) is.
    func mayOpen(
        on node: Int,
        now: Microseconds,
        longestWait: @autoclosure () -> Microseconds,
        totalOfAll: @autoclosure () -> Int,
        isLimitReached: @autoclosure () -> Bool
    ) -> Bool {
        guard !isPaused, !isDead, now >= nodes[node].retryAt, nodes[node].connecting < options.connectRamp else {
            return false
        }
        var size = options.size
        if options.reserveSize > 0, longestWait() >= options.reserveTimeout { size += options.reserveSize }
        guard nodes[node].total < size else { return false }
        if hasGenerations, totalOfAll() >= size { return false }
        return !isLimitReached()
    }

    /// Whether more clients wait for a server of the node than are being opened there. A node that is slow to answer
    /// does not keep another from being tried.
    /// - Parameters:
    ///   - takesReads: whether those who wait to read may do so there.
    ///   - isPrimary: whether those who wait to write may.
    func wantsMore(on node: Int, takesReads: Bool, isPrimary: Bool) -> Bool {
        var wanted = takesReads && nodes[node].idle.isEmpty ? readers.waiting : 0
        if isPrimary { wanted += writers.waiting }
        return nodes[node].connecting < wanted
    }

    /// The node with the fewest servers for its weight, of those that may have one more; nil where none may.
    func nodeToOpen(_ candidates: NodeList, weight: (Int) -> Int, where mayHaveOne: (Int) -> Bool) -> Int? {
        var best: Int?
        for place in 0..<candidates.count where mayHaveOne(candidates[place]) {
            let node = candidates[place]
            guard let other = best else {
                best = node
                continue
            }
            let share = (nodes[node].total + 1) * max(1, weight(other))
            if share < (nodes[other].total + 1) * max(1, weight(node)) { best = node }
        }
        return best
    }

    /// Servers that are being opened on these nodes.
    func connecting(on candidates: NodeList) -> Int {
        (0..<candidates.count).reduce(0) { $0 + nodes[candidates[$1]].connecting }
    }

    /// Whether the pool has more servers on a node than it may have now.
    /// - Parameter totalOfAll: as in `mayOpen`.
    func isBeyondSize(on node: Int, totalOfAll: @autoclosure () -> Int) -> Bool {
        let most = options.size + options.reserveSize
        return nodes[node].total > most || hasGenerations && totalOfAll() > most
    }

    /// Whether a free server idles on any node.
    var hasIdle: Bool {
        for node in 0..<nodeCount where !nodes[node].idle.isEmpty { return true }
        return false
    }
}
