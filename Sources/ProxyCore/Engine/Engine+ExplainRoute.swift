import Bytes
import PostgresWire
import StatementRouting

/// Tells people where a statement runs, or would run, and why.
extension Engine {
    func describe(_ route: RouteRecord) -> String {
        guard route.node >= 0, Int(route.node) < roster.topology.nodes.count else {
            return "none: no statement has run yet"
        }
        let node = roster.topology.nodes[Int(route.node)]
        let role = Int(route.node) == primary ? "primary" : "replica"
        return "\(node.name) (\(role)): \(reasonText(route))"
    }

    private func reasonText(_ route: RouteRecord) -> String {
        route.cause == .statement ? "\(route.reason)" : "\(route.cause)"
    }

    static let routeColumns = [
        "route", "reason", "node", "role", "state", "weight", "in_flight", "lag", "latency", "zone",
    ]

    /// EXPLAIN ROUTE: the decision, and each node as a candidate.
    func explainRoute(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        guard let range = SessionCommands.explainRouteBody(text) else {
            return .failed(PostgresError(.error, .syntaxError, "EXPLAIN ROUTE needs a statement"))
        }
        let pool = client.pointee.pool.unsafelyUnwrapped
        var plan = BatchPlan()
        plan.extent = .whole
        plan.isQuery = true
        let explained = text.extracting(range)
        plan.add(asExecuted(classify(explained, client), explained, client))
        let held = servers[client.pointee.server]
        var route = RouteRecord(isRead: false, cause: client.pointee.pin == nil ? .transaction : .pin)
        if client.pointee.transaction == .leading || client.pointee.transaction == .leadingReadOnly, plan.mayLead {
            route = RouteRecord(isRead: true, cause: .leadingReads)
        } else if held == nil, client.pointee.transaction != .lost {
            let leads = client.pointee.transaction == .begunToLead && plan.mayLead && mayLead(client, pool)
            switch router(client, pool, leads: leads).decide(plan) {
            case .route(let decided): route = decided
            case .writeOnReplica(let reason, let cause): return .failed(.writeOnReplica(reason, cause))
            case .notToBeAsked: break
            }
        }
        adoptGlobalWrites(client)
        var reason = reasonText(route)
        if let held, client.pointee.pin != nil, client.pointee.transaction == .none {
            reason = explainPinned(client, held, plan, &route)
        }
        let isElsewhere = route.cause == .pinnedRead
        let reading = isElsewhere ? roster.replicas : readNodes(pool).indexes
        let candidates = route.isRead ? reading : primary >= 0 ? [primary] : []
        let decision =
            isElsewhere || held == nil
            ? route.isRead ? "replica" : "primary" : held.map { roster.topology.nodes[$0.pointee.node].name }
        let rows = roster.topology.members.map { node -> [String?] in
            let state: String
            switch node.state {
            case .unknown(let reason), .fenced(let reason): state = reason
            case .up(.replica) where route.isRead && staleness(node.index, client, pool) != nil:
                state = staleness(node.index, client, pool) ?? "up"
            case .up: state = candidates.contains(node.index) ? "candidate" : "up"
            }
            return [
                decision, reason, node.name, "\(node.state.role)", state,
                describeWeight(node.index), "\(roster.balance.nodes[node.index].inFlight)", describeLag(node.index),
                describeLatency(node.index), node.zone.isEmpty ? nil : node.zone,
            ]
        }
        return LocalReply(columns: Self.routeColumns, rows: rows, tag: "EXPLAIN")
    }
}
