import ProxyCore

/// Nodes that die and come back, a replica that is promoted in between, and a watch that tells the engine of it late.
extension Simulation {
    func stepFailover() {
        if idleRounds > 200 { return recover() }
        if store.down.contains(store.primary) {
            if dice.below(80) == 0 { promote() }
            if dice.below(200) == 0 { start(store.primary) }
        } else if dice.below(store.position > lastPosition ? 20 : 500) == 0 {
            // Above all between a commit and its answer.
            kill(store.primary)
        }
        lastPosition = store.position
        for node in 0..<nodeCount where node != store.primary {
            if store.down.contains(node) {
                if dice.below(100) == 0 { start(node) }
            } else if dice.below(1500) == 0 {
                kill(node)
            }
        }
        if dice.below(watchDelay) == 0 { tell() }
    }

    /// All wait for the end of the outage: it ends.
    private func recover() {
        for node in store.down.sorted() { start(node) }
        tell()
    }

    private func kill(_ node: Int) {
        store.trace?("node \(node) dies")
        store.stop(node)
        for link in shell.order where link.kind == .server(node: node) && !link.peerHasClosed {
            if link.phase == .connecting { continue }
            // Part of what it has said may still arrive.
            link.toEngine.removeLast(dice.below(link.toEngine.count + 1))
            link.peerHasClosed = true
            sessions[link.id]?.disconnect()
        }
    }

    private func start(_ node: Int) {
        store.trace?("node \(node) comes back")
        store.start(node)
    }

    private func promote() {
        guard let node = store.mostAdvanced(of: nodeCount) else { return }
        let lost = store.promote(node)
        promotions += 1
        store.trace?("node \(node) is promoted, \(lost) commits are lost")
        lostCommits += lost
        // What they were told of is gone: nothing that they read later can be compared.
        if lost > 0 { for client in clients { client.disturb() } }
    }

    /// The watch says how things are.
    private func tell() {
        var now = told
        for index in 0..<nodeCount {
            now.nodes[index].state =
                store.down.contains(index)
                ? .unknown(reason: "connection refused") : .up(index == store.primary ? .primary : .replica)
        }
        if now == told { return }
        told = now
        store.trace?("the engine hears: \(now.nodes.map(\.state))")
        shell.engine.topologyChanged(now)
    }
}

extension Link {
    /// That of a connection of the engine's; -1 for a client's.
    var node: Int {
        switch kind {
        case .server(let node), .canceller(let node): node
        case .client: -1
        }
    }
}
