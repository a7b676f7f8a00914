import Bytes
import PostgresWire
import StatementRouting

/// Pins: state that cannot be carried keeps a client on its server, until the server says that nothing of it is left.
extension Engine {
    /// From now on the client keeps its server.
    /// - Parameter text: the statement that makes it necessary.
    func pin(_ client: ClientPointer, _ reason: PinReason, by text: RawSpan? = nil) {
        if client.pointee.pin == nil { client.pointee.pin = reason }
        let record = client.pointee.pinRecord ?? PinRecord()
        client.pointee.pinRecord = record
        let statement = if let text { Self.beginning(of: text) } else { "" }
        record.add(reason, since: now, statement: statement)
    }

    /// As much of a statement as a pin remembers.
    static func beginning(of text: RawSpan) -> String {
        text.text(0..<min(text.byteCount, PinRecord.statementLimit))
    }

    /// One of the reasons is gone; the pin ends with the last.
    func endPin(_ client: ClientPointer, _ reason: PinReason) {
        guard let record = client.pointee.pinRecord else { return }
        record.remove(reason)
        settlePin(client, record)
    }

    /// All that was kept is gone: with its server, or by DISCARD ALL.
    func endPins(_ client: ClientPointer) {
        guard let record = client.pointee.pinRecord else { return }
        for entry in record.entries where entry.reason != .sessionMode { record.remove(entry.reason) }
        settlePin(client, record)
    }

    // MARK: Lost with the server

    /// All that was kept is gone with its server.
    /// - Returns: what of it the client would not miss by itself, in words; nil where there is nothing of the kind.
    func losePins(_ client: ClientPointer) -> String? {
        let reasons = client.pointee.pinRecord?.entries.map(\.reason).filter(\.isMissedUnseen) ?? []
        endPins(client)
        if reasons.isEmpty { return nil }
        return reasons.map(\.description).joined(separator: "; ")
    }

    /// The client has no statement under way that could fail: its next one does.
    /// - Parameter state: what it would not miss by itself; nil: nothing, and it is told nothing.
    func tellNext(_ client: ClientPointer, ofLost state: String?, with server: ServerPointer, _ why: String) {
        guard let state else { return }
        let record = client.pointee.pinRecord ?? PinRecord()
        client.pointee.pinRecord = record
        record.loss = PostgresError(
            .error,
            .connectionFailure,
            "the server on which this session had state of its own was lost",
            detail: "Node \(roster.topology.nodes[server.pointee.node].name): \(why). The session had it because "
                + "\(state). This statement has not been run.",
            hint: "Connect anew, or set up again what the session needs."
        )
    }

    /// - Returns: the error for a batch of a client that has not been told yet what was lost.
    func takeLoss(_ client: ClientPointer) -> PostgresError? {
        guard let record = client.pointee.pinRecord, let loss = record.loss else { return nil }
        record.loss = nil
        settlePin(client, record)
        return loss
    }

    private func settlePin(_ client: ClientPointer, _ record: PinRecord) {
        client.pointee.pin = record.entries.first?.reason
        if record.isEmpty { client.pointee.pinRecord = nil }
    }

    /// Whether statements that were prepared by SQL on the client's server stay there under the client's own names.
    func keepsOwnNames(_ client: ClientPointer) -> Bool {
        client.pointee.pinRecord?.contains(.preparedBySQL) ?? false
    }

    // MARK: Evidence

    /// A cycle has ended and the client keeps its server: where that may not be necessary any more, the server is
    /// asked, while the client thinks.
    func askForPins(_ client: ClientPointer, _ server: ServerPointer) {
        guard let record = client.pointee.pinRecord, record.isWorthAsking, server.pointee.conversation.status == .idle,
            server.pointee.conversation.ledger.isEmpty, !server.pointee.isBacklogged, client.pointee.held.isEmpty,
            // It has said something while it was parked: perhaps that it ends.
            !server.pointee.pauses.contains(.parked)
        else { return }
        record.asked()
        server.pointee.extras.evidence = nil
        inject(server, PinReason.probe(for: record.entries.map(\.reason)), purpose: .evidence)
    }

    /// The one row of the answer: a number.
    func readEvidence(_ body: RawSpan, _ server: ServerPointer) {
        guard body.byteCount > 6, Int(body.int32(at: 2)) == body.byteCount - 6 else { return }
        server.pointee.extras.evidence = Int(body.text(6..<body.byteCount))
    }

    /// The answer is complete.
    func evidenceIsComplete(_ server: ServerPointer, hasFailed: Bool) {
        guard let client = clients[server.pointee.client], let record = client.pointee.pinRecord,
            let evidence = server.pointee.extras.evidence, !hasFailed
        else { return }
        record.answered(evidence)
        settlePin(client, record)
    }

    /// Whether the server owes nothing but the answer to such a question, or to that for the session's settings.
    func isOnlyAsked(_ server: ServerPointer) -> Bool {
        guard server.pointee.conversation.ledger.count == 1 else { return false }
        let purpose = server.pointee.conversation.ledger[0].purpose
        return purpose == .evidence || purpose == .values
    }
}
