import Bytes
import PostgresWire

/// SWITCHOVER: from its first step until the next primary is known, the old one counts as none, and writes wait as in a
/// failover.
extension Engine {
    func beginSwitchover(to name: String?) -> ConsoleOutcome {
        if roster.switchover != nil { return .failed(.switchoverRuns) }
        let from = primary
        guard from >= 0 else { return .failed(.noPrimaryToLeave) }
        let target: Int
        if let name {
            guard let node = roster.node(named: name) else { return .failed(.noNode(name, roster.topology)) }
            if roster.drained.contains(node) { return .failed(.drained(roster.topology.nodes[node])) }
            guard roster.topology.replicas.contains(node) else {
                return .failed(.noReplica(roster.topology.nodes[node], isPrimary: node == from))
            }
            target = node
        } else {
            guard let best = roster.nearestReplica else { return .failed(.noReplicaLeft) }
            target = best
        }
        carryOut(roster.begin(Switchover(from: from, to: target, began: now), now: now))
        actions.append(.log(.switchoverBegan(from: from, to: target)))
        checkSwitchover()
        return .waits(.switchover)
    }

    /// Whether nothing runs any more on the node that was sent there as the primary's.
    private func isDrained(_ node: Int) -> Bool {
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            if server.pointee.node == node, !server.pointee.isReplica, server.pointee.pool.pointee.replication == .off,
                isBusy(server)
            {
                return false
            }
        }
        return true
    }

    private func promote() {
        guard let change = roster.switchover else { return }
        roster.enter(.promoting)
        actions.append(.switchover(from: change.from, to: change.to))
    }

    /// The answer to `.switchover`.
    /// - Parameter failure: why the target has not become the primary; nil where it has.
    package func switchoverEnded(failure: String?) {
        defer { endTurn() }
        guard let change = roster.switchover, case .promoting = change.stage else { return }
        if let failure {
            endSwitchover(failure)
        } else {
            roster.enter(.following)
            for node in [change.to, change.from] { actions.append(.suspectNode(node)) }
            followSwitchover()
        }
    }

    /// A topology has come.
    func followSwitchover() {
        guard let change = roster.switchover else { return }
        if let found = roster.topology.primary, found != change.from { endSwitchover(nil) }
    }

    /// Some time has passed.
    func checkSwitchover() {
        guard let change = roster.switchover else { return }
        let time = now - change.began
        switch change.stage {
        case .draining:
            if isDrained(change.from) {
                promote()
            } else if time >= options.failoverWait / 2 {
                let name = roster.topology.nodes[change.from].name
                endSwitchover("transactions still ran on node \(name) after half of failover_wait")
            } else {
                roster.enter(.draining(nextCheck: now + 5_000))
            }
        // The control plane limits itself.
        case .promoting: break
        case .following:
            if time >= options.failoverWait + 60_000_000 {
                endSwitchover(
                    "node \(roster.topology.nodes[change.to].name) was promoted, and is not seen to be the primary"
                )
            }
        }
    }

    private func endSwitchover(_ failure: String?) {
        guard let change = roster.switchover else { return }
        if let change = roster.endSwitchover(failed: failure != nil, now: now) { carryOut(change) }
        actions.append(.log(.switchoverEnded(from: change.from, to: change.to, failure: failure)))
        finishConsoleWaits { wait in
            guard case .switchover = wait.subject else { return nil }
            return ConsoleEnding(error: failure.map { .switchoverFailed($0) })
        }
    }
}

extension PostgresError {
    fileprivate static let switchoverRuns = PostgresError(.error, .objectNotInState, "a switchover is under way")

    fileprivate static let noPrimaryToLeave = PostgresError(
        .error,
        .objectNotInState,
        "no primary is known to switch over from",
        hint: "SHOW NODES tells why."
    )

    fileprivate static let noReplicaLeft = PostgresError(
        .error,
        .objectNotInState,
        "no replica is near enough to the primary to take over",
        hint: "SHOW NODES tells why."
    )

    fileprivate static func drained(_ node: Node) -> PostgresError {
        PostgresError(
            .error,
            .objectNotInState,
            "node \(node.name) is drained, and would have writes wait",
            hint: "UNDRAIN \(node.name) first."
        )
    }

    fileprivate static func noReplica(_ node: Node, isPrimary: Bool) -> PostgresError {
        PostgresError(
            .error,
            .objectNotInState,
            isPrimary ? "node \(node.name) is the primary" : "node \(node.name) is no replica that is up",
            detail: node.state.reason
        )
    }

    static func switchoverFailed(_ reason: String) -> PostgresError {
        PostgresError(
            .error,
            .objectNotInState,
            "the switchover came to nothing: \(reason)",
            hint: "Writes go on where they went before. SHOW NODES tells of the nodes."
        )
    }
}
