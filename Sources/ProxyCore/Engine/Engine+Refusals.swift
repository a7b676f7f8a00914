import Bytes
import PostgresWire
import StatementRouting

/// Batches that fail before a server has seen them.
extension Engine {
    /// An error fails the transaction, also one that no server knows of yet.
    func failDeferred(_ client: ClientPointer) {
        guard client.pointee.transaction.isDeferred else { return }
        client.pointee.transaction = .lost
        client.pointee.extras = nil
    }

    /// The same of one that is open on a server, which is made to fail there.
    func failTransaction(_ client: ClientPointer) {
        failDeferred(client)
        guard let server = servers[client.pointee.server] else { return }
        switch client.pointee.transaction {
        case .open: client.pointee.transaction = .failed
        case .leading, .leadingReadOnly: client.pointee.transaction = .leadingFailed
        case .none, .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead, .failed, .failedEnding,
            .lost, .beginningToLead, .leadingFailed, .leadingFailedEnding:
            return
        }
        server.pointee.conversation.fail(from: buffers)
        touch(server)
    }

    /// A batch with something in it that is no message: FATAL, as from a server, which would have done nothing of it
    /// that lasts.
    func refuseBroken(_ client: ClientPointer, _ violation: FramingViolation, _ input: RawSpan, _ offset: Int)
        -> Progress
    {
        // What was sent before the batch is carried out first.
        if client.pointee.outstanding > 0 { return .stop }
        refuse(client, violation.error(limit: options.maximumMessageSize))
        return .consumed(input.byteCount &- offset)
    }

    /// A message that does not belong into COPY FROM STDIN: the copy fails by it, and with it the connection, since a
    /// server has read half of the message then (PostgreSQL documentation, 55.2.6).
    func refuseInCopy(_ client: ClientPointer, _ header: MessageHeader) -> Progress {
        refuse(client, .unexpectedInCopy(header.tag))
        return .consumed(0)
    }

    /// The engine has lost track of a client, which nothing that is sent should bring about: the client is told, and
    /// nobody else is harmed.
    func refuseInconsistent(_ client: ClientPointer, file: StaticString = #file, line: UInt = #line) -> Progress {
        assertionFailure("the engine has lost track of a client", file: file, line: line)
        refuse(client, .lostTrack)
        return .consumed(0)
    }

    /// Refuses a batch for which no server is held.
    func refuseBatch(
        _ client: ClientPointer,
        _ error: PostgresError,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        failDeferred(client)
        client.pointee.tries.end()
        send(client) { builder in
            builder.error(error)
            if header.endsItsBatch { appendReady(&builder, client) }
        }
        if header.endsItsBatch {
            client.pointee.passThrough = .dropped(remaining: header.size)
        } else {
            client.pointee.flow = .skipping
        }
        return .consumed(0)
    }

    /// The batch that waited for a server in vain is there to be refused.
    func refuseWaiting(_ client: ClientPointer, _ header: MessageHeader, _ input: RawSpan, _ offset: Int) -> Progress {
        let error = client.pointee.extras?.refusal ?? PostgresError(.error, .internalError, "no server")
        client.pointee.extras?.refusal = nil
        client.pointee.flow = .between
        return refuseBatch(client, error, header, input, offset)
    }

    /// Drops messages up to Sync, as a server does after an error (PostgreSQL documentation, 55.2.3).
    func skip(_ client: ClientPointer, _ header: MessageHeader, _ input: RawSpan, _ offset: Int) -> Progress {
        switch header.tag {
        case FrontendTag.sync:
            client.pointee.flow = .between
            if client.pointee.channels != nil { sendQueueIfIdle(client) }
            client.pointee.output.appendReadyForQuery(status(of: client), from: buffers)
            touch(client)
            return .consumed(header.size)
        case FrontendTag.terminate: return terminate(client, header)
        default:
            client.pointee.passThrough = .dropped(remaining: header.size)
            return .consumed(0)
        }
    }

    /// A batch of a client whose transaction was lost with its server: only the transaction's end is accepted.
    func answerLost(
        _ client: ClientPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        let endsTransaction: Bool
        switch plan.statementClass.transaction {
        case .commit, .rollback: endsTransaction = plan.statements == 1
        default: endsTransaction = false
        }
        guard endsTransaction, plan.extent == .whole else {
            let error = takeRefusal(client) ?? .failedTransaction
            return refuseBatch(client, error, header, input, offset)
        }
        if plan.statementClass.transaction == .commit, let error = takeRefusal(client) {
            // Nobody has been told: drivers take COMMIT's answer ROLLBACK for a success unless an error came before.
            client.pointee.transaction = .none
            ownTransactionEnded(client, committed: false)
            return refuseBatch(client, error, header, input, offset)
        }
        ownTransactionEnded(client, committed: false)
        if plan.isQuery {
            client.pointee.transaction = .none
            send(client) { builder in
                builder.commandComplete("ROLLBACK")
                appendReady(&builder, client)
            }
        } else {
            answerRollback(client, plan, input, offset)
        }
        return .consumed(plan.size)
    }

    /// The error of a lost transaction, of which the client has not been told. It says what else was lost, too.
    private func takeRefusal(_ client: ClientPointer) -> PostgresError? {
        defer { client.pointee.extras = nil }
        guard let refusal = client.pointee.extras?.refusal else { return nil }
        _ = takeLoss(client)
        return refusal
    }

    private func answerRollback(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ start: Int) {
        var offset = start
        send(client) { builder in
            while let header = Frame.whole(ofClient: input, at: offset, before: start + plan.size) {
                let body = input.extracting(offset + MessageHeader.byteCount..<offset + header.size)
                offset += header.size
                switch header.tag {
                case FrontendTag.sync: appendReady(&builder, client)
                case FrontendTag.execute:
                    client.pointee.transaction = .none
                    builder.commandComplete("ROLLBACK")
                default: _ = answer(header.tag, body, client, &builder)
                }
            }
        }
    }
}

extension MessageHeader {
    /// Whether ReadyForQuery follows the answer to this message without a Sync (PostgreSQL documentation, 55.2.2 and
    /// 55.2.5).
    var endsItsBatch: Bool { tag == FrontendTag.query || tag == FrontendTag.functionCall }

    /// Whether a server that runs COPY FROM STDIN reads on behind this message (PostgreSQL documentation, 55.2.6), or
    /// the client says good-bye.
    var isAllowedInCopy: Bool {
        switch tag {
        case FrontendTag.copyData, FrontendTag.copyDone, FrontendTag.copyFail, FrontendTag.flush, FrontendTag.sync,
            FrontendTag.terminate:
            true
        default: false
        }
    }
}

extension PostgresError {
    /// - Parameter type: the message's, which need not be one that there is.
    static func unexpectedInCopy(_ type: UInt8) -> PostgresError {
        let digits = String(type, radix: 16, uppercase: true)
        return PostgresError(
            .fatal,
            .protocolViolation,
            "unexpected message type 0x\(digits.count < 2 ? "0" : "")\(digits) during COPY from stdin",
            detail: "Only CopyData, CopyDone, CopyFail, Flush and Sync are allowed there.",
            hint: "End the copy with CopyDone or CopyFail first."
        )
    }

    static let lostTrack = PostgresError(
        .fatal,
        .internalError,
        "the proxy has lost track of this connection",
        detail: "This is a fault of Howdah's, and nothing that the client has done."
    )
}
