import Bytes
import PostgresWire
import StatementRouting

/// LISTEN, UNLISTEN and NOTIFY of clients that keep no server (PostgreSQL documentation, 55.2.7).
///
/// The statements run on the client's server of the moment, so that their errors and tags are PostgreSQL's. What they
/// did holds when the transaction has committed; its ReadyForQuery waits until the database's listening server listens
/// too. Notifications go to a client only while it is idle, or right in front of the ReadyForQuery that says so.
extension Engine {
    // MARK: Statements

    /// Notes LISTEN and UNLISTEN in a text that is about to be sent.
    func noteChannels(
        _ statementClass: StatementClass,
        _ text: RawSpan,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) {
        // Such a session keeps its server, which listens by itself.
        if server.pointee.pool.pointee.options.mode == .session { return }
        let listens = statementClass.effects.contains(.listen)
        guard client.pointee.outstanding == 0, !listens || statementClass.transaction == .none,
            !listens || hasCommonEncoding(client, server),
            client.pointee.transaction == .none || client.pointee.transaction == .open,
            let commands = parse(text, client)
        else {
            if listens { pin(client, .listen, by: text) }
            return
        }
        let changes = commands.compactMap { ChannelChange($0.command) }
        guard hasRoom(for: changes.count, client) else {
            if listens { pin(client, .listen, by: text) }
            return
        }
        if listens { server.pointee.needs(.unlisten) }
        extras(of: client).pendingSettings += changes.map { .channel($0) }
    }

    /// Whether what the listening server sends, in the encoding of the database, is in the client's too.
    private func hasCommonEncoding(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        let settings = profiles.settings(of: client.pointee.profile)
        guard let wanted = settings.first(where: { $0.name == "client_encoding" })?.value else { return true }
        let own = server.pointee.extras.parameters.first { $0.name == "server_encoding" }?.value ?? ""
        return Self.encoding(wanted) == Self.encoding(own)
    }

    private static func encoding(_ name: String) -> String {
        let letters = name.lowercased().filter { $0.isLetter || $0.isNumber }
        return letters == "unicode" ? "utf8" : letters
    }

    /// Whether a statement may notify. What triggers do shows only when it has been done.
    func mayNotify(_ statementClass: StatementClass, _ listening: ListeningServer) -> Bool {
        if statementClass.access == .read { return false }
        return listening.hasHiddenNotifiers || statementClass.access == .unknown
            || statementClass.effects.meets(.notify | .codeBlock | .callsUserFunction)
    }

    // MARK: Channels

    /// The transaction that did this has committed.
    func apply(_ changes: [ChannelChange], _ client: ClientPointer) {
        let pool = client.pointee.pool.unsafelyUnwrapped
        for change in changes {
            switch change {
            case .listen(let channel):
                let channels = client.pointee.channels ?? ClientChannels(listeningServer(of: pool))
                if client.pointee.channels == nil {
                    client.pointee.channels = channels
                    beginsToListen(client, channels.listening)
                }
                if channels.add(channel) { channels.listening.add(client.pointee.handle, to: channel) }
            case .unlisten(let channel):
                guard let channels = client.pointee.channels, channels.contains(channel) else { continue }
                channels.remove(channel)
                channels.listening.remove(client.pointee.handle, from: channel)
                if channels.isEmpty { unlistenAll(client) }
            case .unlistenAll: unlistenAll(client)
            }
        }
    }

    /// UNLISTEN *, DISCARD ALL, or the session's end.
    func unlistenAll(_ client: ClientPointer) {
        guard let channels = client.pointee.channels else { return }
        client.pointee.channels = nil
        for channel in channels.confirmed.union(channels.unconfirmed) {
            channels.listening.remove(client.pointee.handle, from: channel)
        }
        endsToListen(client, channels.listening)
    }

    // MARK: The end of a transaction

    /// A cycle has ended in which the client may have begun to listen or may have notified, or which notifications have
    /// waited for.
    /// - Returns: whether its ReadyForQuery must wait for the listening server: then `caughtUp` sends it.
    func settleNotifications(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        // Of COMMIT AND CHAIN, too, LISTEN must have taken effect when it is answered.
        let isUnconfirmed = client.pointee.channels?.unconfirmed.isEmpty == false
        guard server.pointee.conversation.status == .idle || isUnconfirmed else { return false }
        let listening = client.pointee.channels?.listening ?? server.pointee.pool.pointee.listening
        let isFenced =
            server.pointee.mayNotify && listening?.isOpen == true && server.pointee.conversation.status == .idle
        if server.pointee.conversation.status == .idle { server.pointee.mayNotify = false }
        guard let listening else { return false }
        if isFenced {
            server.pointee.fences &+= 1
            listening.next.servers.append(server.pointee.handle)
        }
        if let channels = client.pointee.channels, channels.size > options.notificationQueue {
            // Also names of channels take memory.
            refuse(client, .tooManyNotifications(options.notificationQueue))
            return true
        }
        // Who has notified is answered when those who listen have been told, as a server tells them.
        let mustWait =
            (isUnconfirmed || isFenced) && client.pointee.outstanding == 0 && client.pointee.flow == .between
        if mustWait || isUnconfirmed { listening.next.clients.append(client.pointee.handle) }
        if mustWait {
            client.pointee.flow = .catchingUp
            client.pointee.since = now
        } else if server.pointee.conversation.status == .idle {
            sendQueue(client)
        }
        refresh(listening)
        return mustWait
    }

    /// The listening server has answered: the client listens to what it wanted to, and its transaction is over for it,
    /// too.
    func caughtUp(_ client: ClientPointer) {
        client.pointee.channels?.confirm()
        guard client.pointee.flow == .catchingUp else { return }
        if client.pointee.transaction == .none { sendQueue(client) }
        client.pointee.output.appendReadyForQuery(status(of: client), from: buffers)
        client.pointee.flow = .between
        client.pointee.since = now
        touch(client)
        turn.work.append(.goOn(client.pointee.handle))
        if orders.isDraining { dismissIfIdle(client) }
    }

    // MARK: Delivery

    /// Gives a client a message that may come at any time, now or when its transaction is over.
    func notify(_ client: ClientPointer, _ message: [UInt8]) {
        guard let channels = client.pointee.channels else { return }
        if isIdle(client), !mustReadFirst(client, beyond: options.sendHighWater) {
            client.pointee.output.append(message, from: buffers)
            touch(client)
            return
        }
        channels.append(message)
        if channels.size > options.notificationQueue {
            refuse(client, .tooManyNotifications(options.notificationQueue))
        }
    }

    /// Whether it is outside a transaction and nothing is owed to it.
    private func isIdle(_ client: ClientPointer) -> Bool {
        client.pointee.phase == .ready && client.pointee.flow == .between && client.pointee.outstanding == 0
            && client.pointee.transaction == .none
    }

    /// Sends what has waited, if it may be sent now.
    func sendQueueIfIdle(_ client: ClientPointer) {
        if isIdle(client), !client.pointee.isBacklogged { sendQueue(client) }
    }

    private func sendQueue(_ client: ClientPointer) {
        guard let channels = client.pointee.channels, !channels.queue.isEmpty else { return }
        client.pointee.output.append(channels.takeQueue(), from: buffers)
        touch(client)
    }

    /// Ends an answer of the proxy's own, with what has waited for the transaction's end in front.
    func appendReady(_ builder: inout MessageBuilder, _ client: ClientPointer) {
        if client.pointee.transaction == .none, let channels = client.pointee.channels, !channels.queue.isEmpty {
            builder.raw(channels.takeQueue())
        }
        builder.readyForQuery(status(of: client))
    }

    /// A notification from a server that a client holds: meant for the client where that server alone listens for it.
    func heldServerNotified(_ server: ServerPointer, _ body: RawSpan) {
        guard let client = clients[server.pointee.client], let message = NotificationMessage(body) else { return }
        let isServed = client.pointee.channels?.contains(message.channel) ?? false
        // One that listens and notifies in one transaction hears itself before the listening server listens.
        let isListening = client.pointee.extras?.listens(to: message.channel) ?? false
        guard !isServed, client.pointee.pin != nil || isListening else { return }
        noteNews(client)
        let sender = clientProcess(of: message.processID, on: server.pointee.node, nil)
        client.pointee.output.append(
            NotificationMessage.bytes(processID: sender, content: body.array(message.content)),
            from: buffers
        )
        touch(client)
    }

    /// The process of a notification as clients know it: a server's is that of the client that notified there.
    func clientProcess(of processID: UInt32, on node: Int, _ listening: ListeningServer?) -> UInt32 {
        guard let handle = processes[ServerProcess(node: node, id: processID)], let server = servers[handle],
            server.pointee.lastClient != 0
        else { return processID }
        if let listening, !server.pointee.mayNotify, server.pointee.fences == 0 {
            listening.hasHiddenNotifiers = true
        }
        return server.pointee.lastClient
    }
}

extension ClientExtras {
    /// Whether the transaction has a LISTEN to this channel in it that has not been taken back.
    func listens(to channel: Channel) -> Bool {
        committedChannels.contains(.listen(channel)) || journal.channelChanges.contains(.listen(channel))
            || pendingSettings.contains(.channel(.listen(channel)))
    }
}

extension PostgresError {
    static func tooManyNotifications(_ limit: Int) -> PostgresError {
        PostgresError(
            .fatal,
            .configurationLimitExceeded,
            "too many notifications wait for this client",
            detail: "They wait while a transaction is open, or while the client does not read what it is sent.",
            hint: "Raise notification_queue (now \(limit)), or keep the transactions of clients that listen short."
        )
    }
}
