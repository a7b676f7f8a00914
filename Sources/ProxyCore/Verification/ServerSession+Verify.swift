extension ServerSession {
    /// What must hold of a server between two events.
    /// - Parameter owed: the cycles that its client waits for; nil where it has none.
    func verify(owed: Int32?, cancels counted: Int, fences rounds: Int, _ findings: inout Findings) {
        let name = SessionName(index: handle.index, state: .server(phase, node: node))
        var cycles: Int32 = 0
        var unconfirmed = 0
        var replacements = 0
        for index in 0..<conversation.ledger.count {
            let entry = conversation.ledger[index]
            if entry.completesCycle, entry.disposition == .forward || entry.purpose == .startValues && !client.isNone {
                cycles += 1
            }
            if entry.changesServer { unconfirmed += 1 }
            if entry.disposition == .replace { replacements += 1 }
        }
        if let owed { findings.expect(cycles, is: owed, "\(name) owes its client cycles") }
        findings.expect(conversation.unconfirmed, is: unconfirmed, "\(name) is to confirm Parses")
        findings.expect(conversation.ledger.replacementCount, is: replacements, "\(name) has errors in store")
        findings.expect(Int(cancels), is: counted, "\(name) counts cancel requests")
        findings.expect(Int(fences), is: rounds, "\(name) counts rounds of the listening server")
        findings.expect(!pauses.contains(.parked) || phase == .parked, "\(name) is not read, and not parked")
        switch phase {
        case .idle:
            findings.expect(client.isNone, "\(name) has a client")
            findings.expect(conversation.isQuiet, "\(name) owes something")
            findings.expect(conversation.status, is: .idle, "\(name) is in a transaction")
            findings.expect(cleanup, is: .none, "\(name) is not clean")
            findings.expect(cancels == 0 && fences == 0, "\(name) is held back")
        case .active, .parked: findings.expect(owed != nil, "\(name) has no client")
        case .draining, .connecting, .authenticating, .listening, .leaving, .closing:
            findings.expect(owed == nil, "\(name) has a client")
        }
        findings.expect(
            conversation.output.isEmpty || isTouched,
            "\(name) has \(conversation.output.count) bytes that nobody sends"
        )
        conversation.statements.verify(name, &findings)
    }

    /// Counts what the server holds of what is counted.
    func count(in census: inout Census) {
        census.lentBytes += conversation.incoming.carry.lentBytes + conversation.output.lentBytes
        for index in 0..<conversation.ledger.count { census.refer(by: conversation.ledger[index]) }
        settings.count(in: &census)
        guard extras.listening == nil else { return }
        let place = Census.Place(pool: pool.pointee.handle, node: node)
        var ofNode = census.nodes[place] ?? Census.OfNode()
        switch phase {
        case .connecting, .authenticating: ofNode.connecting += 1
        case .idle: ofNode.idle += 1
        case .active, .parked:
            ofNode.active += 1
            census.inFlight[node, default: 0] += 1
        case .draining: ofNode.leaving += 1
        case .listening, .leaving, .closing: return
        }
        census.nodes[place] = ofNode
        census.serverCounts.add(pool.pointee.database, pool.pointee.user)
    }
}
