import Bytes

/// What comes of the roster's changes: for servers, for those who wait, and for what runs.
extension Engine {
    package var topology: Topology { roster.topology }

    /// The node that takes writes, -1 where there is none.
    @inline(__always)
    var primary: Int { roster.primary }

    package func topologyChanged(_ topology: Topology) {
        defer { endTurn() }
        carryOut(roster.apply(topology, now: now))
    }

    /// The order matters: first there is room for all nodes and nobody is taken for another; then what runs where it
    /// must not is cut off; and only then is anybody served, who may so go where the others have been cut off.
    func carryOut(_ change: RosterChange) {
        if let slots = change.slots { forEachPool { $0.pointee.grow(to: slots) } }
        for old in change.handedOver { forgetRefusals(of: old.index) }
        for old in change.handedOver { cutServers(of: old) }
        retireMisplacedServers()
        cutFencedServers()
        primaryMayHaveChanged(from: change.primaryBefore)
        serveAllQueues()
        moveListeningServers()
        followSwitchover()
    }

    func serveAllQueues() {
        forEachPool {
            serveQueues($0)
            openForWaiters($0)
        }
    }

    /// What the pools know of a slot says nothing of the node that has it now.
    private func forgetRefusals(of slot: Int) {
        forEachPool { $0.pointee.nodes[slot].isAnotherNode(now: now) }
    }

    /// Whoever hands slots out has waited for `.slotVacated`; a server that is there all the same must not be taken for
    /// one of the slot's new node.
    private func cutServers(of old: Node) {
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

    /// Ten times a second while a node that has left has servers: says so when the last is gone. What runs there ends
    /// by itself.
    func checkDeparted() {
        retireMisplacedServers()
        if roster.switchover != nil { return }
        var inUse: Set<Int> = []
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            inUse.insert(server.pointee.node)
        }
        for slot in roster.departed.subtracting(inUse).sorted() {
            roster.isVacated(slot)
            actions.append(.slotVacated(node: slot))
        }
    }
}
