import Bytes

/// Nodes that join and leave while the proxy runs.
extension Engine {
    /// Makes room for nodes that have joined, and forgets what a slot's former node was where another has it now.
    func membersMayHaveChanged(from before: Topology) {
        let count = topology.nodes.count
        precondition(count >= before.nodes.count, "a topology has lost a slot")
        if count > before.nodes.count {
            for _ in before.nodes.count..<count {
                freshness.append(NodeFreshness())
                lives.append(0)
            }
            balance.grow(to: count)
            // Filled when the roles have been read.
            replicaReaders = ReadNodes(capacity: count)
            readersWithPrimary = ReadNodes(capacity: count)
            forEachPool { $0.pointee.grow(to: count) }
        }
        for old in before.nodes {
            let node = topology.nodes[old.index]
            if node.isMember {
                departed.remove(node.index)
                if !node.isSame(as: old) { forget(old) }
            } else if old.isMember {
                departed.insert(node.index)
            }
        }
    }

    /// A slot is another node's from now on.
    private func forget(_ old: Node) {
        drainedNodes.remove(old.index)
        freshness[old.index] = NodeFreshness()
        balance.nodes[old.index].leave()
        endLife(of: old.index)
        forEachPool { pool in
            let nodePool = pool.pointee.nodes + old.index
            nodePool.pointee.retryAt = 0
            nodePool.pointee.lastFailure = nil
            nodePool.pointee.refusal = nil
            nodePool.pointee.refusedLogin = nil
            nodePool.pointee.usableSince = now
        }
    }

    /// Whoever hands slots out has waited for `.slotVacated`; a server that is there all the same must not be taken for one of the slot's
    /// new node. To be called when the roles have been read.
    func cutHandedOver(from before: Topology) {
        for old in before.nodes where topology.nodes[old.index].isMember {
            if topology.nodes[old.index].isSame(as: old) { continue }
            for index in 0..<servers.capacity {
                guard let handle = servers.handle(at: index), let server = servers[handle],
                    server.pointee.node == old.index, server.pointee.phase != .closing
                else { continue }
                if server.pointee.transport != .none {
                    actions.append(.close(server.pointee.transport, flush: false))
                }
                serverVanished(server, reason: "node \(old.name) has left")
            }
        }
    }

    /// Ten times a second while a node that has left has servers: says so when the last is gone. What runs there ends by itself.
    func checkDeparted() {
        retireMisplacedServers()
        if switchover != nil { return }
        var inUse: Set<Int> = []
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            inUse.insert(server.pointee.node)
        }
        for slot in departed.subtracting(inUse).sorted() {
            departed.remove(slot)
            actions.append(.slotVacated(node: slot))
        }
    }
}
