import Bytes
import PostgresWire

/// The listening server of each database: opened for the first client that listens, asked in rounds, opened again
/// when it is lost or the primary moves.
extension Engine {
    // MARK: Clients that come and go

    /// The listening server for a pool's clients: all pools of the database on the servers share one.
    func listeningServer(of pool: PoolPointer) -> ListeningServer {
        let database = pool.pointee.options.databaseOnServer
        if let known = databases.listening[database] { return known }
        let listening = ListeningServer(database: database)
        databases.listening[database] = listening
        return listening
    }

    func beginsToListen(_ client: ClientPointer, _ listening: ListeningServer) {
        if listening.clients.isEmpty { setListening(listening, on: listening.database) }
        listening.add(client.pointee.handle)
    }

    func endsToListen(_ client: ClientPointer, _ listening: ListeningServer) {
        listening.remove(client.pointee.handle)
        if listening.clients.isEmpty {
            listening.idleSince = now
            listening.isInterrupted = false
            listening.hasHiddenNotifiers = false
            setListening(nil, on: listening.database)
        }
        refresh(listening)
    }

    /// Pools know whether anybody listens: only then are statements that notify looked at.
    private func setListening(_ listening: ListeningServer?, on database: String) {
        forEachPool { pool in
            if pool.pointee.options.databaseOnServer == database { pool.pointee.listening = listening }
        }
    }

    // MARK: Rounds

    /// Asks the server for what is wanted of it, unless it has still to answer; opens it where there is none.
    func refresh(_ listening: ListeningServer) {
        guard case .open(let handle) = listening.connection else { return openListening(listening) }
        guard listening.inFlight == nil, let server = servers[handle] else { return }
        let statements = listening.takeStatements()
        if statements.isEmpty, listening.next.isEmpty { return }
        ask(server, listening, statements)
    }

    private func ask(_ server: ServerPointer, _ listening: ListeningServer, _ statements: [String]) {
        listening.inFlight = listening.next
        listening.next = ListeningRound()
        listening.roundBegan = now
        var builder = MessageBuilder()
        // The comment is what the node shows of this connection. Without a statement it is an empty query, which is
        // answered like any other.
        builder.query("/* Howdah listens here for its clients */ " + statements.joined(separator: ";"))
        server.pointee.conversation.sendUncounted(builder, from: buffers)
        touch(server)
    }

    private func roundEnded(_ listening: ListeningServer) {
        guard let round = listening.inFlight else { return }
        listening.inFlight = nil
        listening.hasAnswered = true
        // Before others are let in, who have missed nothing.
        if listening.isInterrupted { tellOfInterruption(listening) }
        for handle in round.clients {
            if let client = clients[handle] { caughtUp(client) }
        }
        release(round.servers)
        refresh(listening)
    }

    private func release(_ fenced: [Handle]) {
        for handle in fenced {
            guard let server = servers[handle] else { continue }
            server.pointee.fences &-= 1
            if server.pointee.phase == .draining { becomeFree(server) }
        }
    }

    // MARK: The connection

    private func openListening(_ listening: ListeningServer) {
        guard case .closed(let retryAt) = listening.connection, now >= retryAt, primary >= 0,
            let first = listening.clients.first, let pool = clients[first]?.pointee.pool
        else { return }
        let node = primary
        let handle = servers.insert { ServerSession(handle: $0, pool: pool, node: node, now: now, turn.clock) }
        servers[handle]?.pointee.extras.listening = listening
        listening.connection = .connecting(handle)
        actions.append(.connect(PeerToken(.server, handle), node: node))
    }

    /// The server has let us in.
    func listeningServerReady(_ server: ServerPointer, _ listening: ListeningServer) {
        server.pointee.phase = .listening
        listening.connection = .open(server.pointee.handle)
        listening.forgetEstablished()
        listening.lastFailure = nil
        listening.hasAnswered = false
        // It idles by trade. Older servers do not know the setting.
        let stay = """
            SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'
            """
        ask(server, listening, [stay] + listening.takeStatements())
    }

    /// The server could not be had, or is gone. Clients listen on: it is opened again.
    func listeningServerLost(_ listening: ListeningServer, _ reason: String) {
        let retry = listening.isOpen && listening.hasAnswered ? now : now + options.serverLoginRetry
        listening.connection = .closed(retryAt: retry)
        listening.lastFailure = reason
        var round = listening.inFlight ?? ListeningRound()
        round.add(listening.next)
        listening.inFlight = nil
        listening.next = ListeningRound()
        release(round.servers)
        for handle in round.clients {
            guard let client = clients[handle] else { continue }
            if client.pointee.channels?.unconfirmed.isEmpty == false {
                listening.next.clients.append(handle)
            } else {
                caughtUp(client)
            }
        }
        listening.isInterrupted =
            listening.isInterrupted
            || listening.clients.contains { clients[$0]?.pointee.channels?.confirmed.isEmpty == false }
        refresh(listening)
    }

    private func tellOfInterruption(_ listening: ListeningServer) {
        listening.isInterrupted = false
        var builder = MessageBuilder()
        builder.error(
            PostgresError(
                .warning,
                .warning,
                "notifications may have been lost",
                detail: "The server that listens for all clients was lost and has been replaced.",
                hint: "Look again at what the notifications are about."
            )
        )
        for handle in listening.clients {
            guard let client = clients[handle], client.pointee.channels?.confirmed.isEmpty == false else { continue }
            notify(client, builder.bytes)
        }
    }

    /// Leaves a node that is the primary no more, once there is another.
    func moveListeningServers() {
        for listening in sortedListeningServers {
            if let server = servers[listening.handle], primary >= 0, server.pointee.node != primary {
                abandon(server)
                listeningServerLost(listening, "the primary has moved")
                actions.append(
                    .log(.listeningServerLost(database: listening.database, reason: "the primary has moved"))
                )
            } else {
                refresh(listening)
            }
        }
    }

    // MARK: Time

    func checkListeningServers() {
        for listening in sortedListeningServers {
            if listening.inFlight != nil, now - listening.roundBegan > options.serverConnectTimeout,
                let server = servers[listening.handle]
            {
                serverViolated(server, "did not answer within server_connect_timeout")
            }
            refuseImpatient(listening)
            if listening.clients.isEmpty, listening.inFlight == nil, listening.next.isEmpty {
                closeIfUnused(listening)
            } else {
                refresh(listening)
            }
        }
    }

    /// What a client has asked for has been done by its own server: there is no taking it back.
    private func refuseImpatient(_ listening: ListeningServer) {
        for handle in listening.next.clients + (listening.inFlight?.clients ?? []) {
            guard let client = clients[handle], client.pointee.flow == .catchingUp,
                now - client.pointee.since >= client.pointee.pool.unsafelyUnwrapped.pointee.options.queryWaitTimeout
            else { continue }
            guard client.pointee.channels?.unconfirmed.isEmpty == false else {
                // It has notified, and those who listen will be told of what they may have missed.
                caughtUp(client)
                continue
            }
            refuse(
                client,
                PostgresError(
                    .fatal,
                    .connectionFailure,
                    "LISTEN took no effect: no server that listens was to be had within query_wait_timeout",
                    detail: listening.lastFailure.map { "The last connection to a server failed: \($0)" }
                        ?? (primary < 0 ? "No primary is known now." : nil)
                )
            )
        }
    }

    private func closeIfUnused(_ listening: ListeningServer) {
        guard let server = servers[listening.handle] else {
            databases.listening[listening.database] = nil
            return
        }
        let limit = server.pointee.pool.pointee.options.serverIdleTimeout
        guard limit > 0, now - listening.idleSince > limit, listening.isOpen else { return }
        retire(server)
        databases.listening[listening.database] = nil
    }

    /// Whether a listening server has been opened as this pool's user.
    func isListening(_ pool: PoolPointer) -> Bool {
        databases.listening.values.contains { servers[$0.handle]?.pointee.pool == pool }
    }

    /// In an order that does not hang on chance.
    private var sortedListeningServers: [ListeningServer] {
        databases.listening.values.sorted { $0.database < $1.database }
    }

    // MARK: What it sends

    /// Reads messages of a listening server; returns the bytes consumed.
    func readListening(_ server: ServerPointer, _ bytes: RawSpan) -> Int {
        let handle = server.pointee.handle
        var offset = 0
        while let listening = server.pointee.extras.listening, let header = frameGathered(server, bytes, offset) {
            let body = bytes.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            offset += header.size
            switch header.tag {
            case BackendTag.notificationResponse: listeningServerNotified(server, listening, body)
            case BackendTag.readyForQuery: roundEnded(listening)
            case BackendTag.errorResponse:
                let reason = ErrorFields.text(of: ErrorFields.message, in: body) ?? "no reason given"
                server.pointee.extras.lastError = reason
                if !ErrorFields.isFatal(body) { serverViolated(server, "refused LISTEN: \(reason)") }
            default: break
            }
            guard servers[handle] != nil, server.pointee.phase == .listening else { return bytes.byteCount }
        }
        return servers[handle] == nil ? bytes.byteCount : offset
    }

    private func listeningServerNotified(_ server: ServerPointer, _ listening: ListeningServer, _ body: RawSpan) {
        guard let message = NotificationMessage(body) else { return }
        let sender = clientProcess(of: message.processID, on: server.pointee.node, listening)
        let content = body.array(message.content)
        let bytes = NotificationMessage.bytes(processID: sender, content: content)
        for handle in listening.listeners(of: message.channel) {
            guard let client = clients[handle], client.pointee.channels?.confirmed.contains(message.channel) == true
            else {
                continue
            }
            noteNews(client)
            notify(client, bytes)
        }
    }
}
