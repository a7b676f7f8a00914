import ProxyCore

/// Nodes that die and come back, a replica that is promoted in between, nodes that leave the cluster and join it, and a
/// watch that tells the engine of it late.
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
        for node in 0..<nodeCount { stepMembership(node) }
        if dice.below(watchDelay) == 0 { tell() }
    }

    private func stepMembership(_ node: Int) {
        guard let vacatedBefore = departures[node] else {
            if node != store.primary, dice.below(1500) == 0 { departures[node] = shell.vacated.count }
            return
        }
        guard dice.below(200) == 0 else { return }
        // Only what nothing refers to any more is another node's.
        let isVacated = shell.vacated.dropFirst(vacatedBefore).contains(node)
        join(node, asAnother: isVacated && dice.chance(50))
    }

    private func join(_ node: Int, asAnother: Bool) {
        departures[node] = nil
        guard asAnother else { return }
        handovers += 1
        let old = told.nodes[node]
        let name = old.name + "'"
        store.trace?("slot \(node) is another node's: \(name)")
        told.nodes[node] = Node(
            index: node,
            name: name,
            address: .tcp(host: name, port: 5432),
            weight: old.weight,
            state: old.state,
            isMember: old.isMember
        )
    }

    /// All wait for the end of the outage: it ends.
    private func recover() {
        for node in store.down.sorted() { start(node) }
        departures = [:]
        tell()
    }

    private func kill(_ node: Int) {
        store.trace?("node \(node) dies")
        store.stop(node)
        for link in shell.order where link.kind == .server(node: node) && !link.isAbandoned {
            if link.phase == .connecting { continue }
            // Part of what it has said may still arrive.
            link.toEngine.removeLast(dice.below(link.toEngine.count + 1))
            link.peer = .lost
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
            now.nodes[index].isMember = departures[index] == nil
            now.nodes[index].state =
                departures[index] != nil
                ? .unknown(reason: "it has left")
                : store.down.contains(index)
                    ? .unknown(reason: "connection refused") : .up(index == store.primary ? .primary : .replica)
        }
        if now == told { return }
        told = now
        store.trace?("the engine hears: \(now.nodes.map(\.state))")
        shell.eventComes()
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
