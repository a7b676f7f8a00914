import Bytes
import PostgresWire

/// Ends: clients that leave, servers that are lost, and what becomes of the other side.
extension Engine {
    // MARK: Clients

    /// Ends a client's connection from this side.
    /// - Parameter flush: whether what is queued for it (a FATAL error) is sent first.
    func close(_ client: ClientPointer, flush: Bool, reason: String) {
        guard client.pointee.phase != .closing else { return }
        leave(client, reason: reason)
        actions.append(.close(client.pointee.transport, flush: flush))
        // Its slot is given up when the shell has fetched its last words.
        if flush { touch(client) } else { remove(client) }
    }

    /// Tells a client that stands at a boundary that the proxy stops.
    func dismissIfIdle(_ client: ClientPointer) {
        switch client.pointee.phase {
        case .ready:
            guard client.pointee.outstanding == 0, client.pointee.flow == .between, client.pointee.held.isEmpty,
                client.pointee.transaction == .none
            else { return }
        case .startup, .authenticating, .welcoming, .console: break
        case .cancelling, .closing: return
        }
        refuse(client, .terminated)
    }

    /// Takes a client out of everything: its server, its queue, its counts.
    func leave(_ client: ClientPointer, reason: String) {
        if !databases.claims.isEmpty { endClaim(client) }
        if let server = servers[client.pointee.server] { leaveServer(client, server) }
        if client.pointee.pinRecord != nil { leaveParked(client) }
        if let pool = client.pointee.pool {
            if client.pointee.flow == .waiting { leaveQueue(client, pool) }
            pool.pointee.clients -= 1
            pools.quota.clientLeft(pool.pointee.database, pool.pointee.user)
            actions.append(.log(.clientLeft(nameForLog(client), reason: reason)))
        }
        client.pointee.phase = .closing
        client.pointee.flow = .between
        unlistenAll(client)
    }

    /// What becomes of the server of a client that is gone. It is cleaned where all that it does is known to end
    /// soon; else its connection is closed.
    private func leaveServer(_ client: ClientPointer, _ server: ServerPointer) {
        client.pointee.server = .none
        server.pointee.extras.ahead = .nothing
        if server.pointee.pauses.contains(.sinkFull) { unpause(server) }
        let isBusy =
            client.pointee.outstanding > 0 || client.pointee.flow.isInBatch
            || !(server.pointee.conversation.ledger.isEmpty || isOnlyAsked(server))
        var isInMessage = false
        if case .toServer = client.pointee.passThrough { isInMessage = true }
        server.pointee.client = .none
        if client.pointee.outstanding == 0, client.pointee.flow.isInBatch, !isInMessage,
            !server.pointee.conversation.isCopyingIn
        {
            // In the middle of a batch: what has been sent of it is carried out, and rolled back for want of Sync.
            retire(server)
            return
        }
        if isBusy || isInMessage {
            // A statement may run for hours for nobody: it is cancelled, and the connection given up.
            if client.pointee.outstanding > 0, server.pointee.processID != 0 { sendCancelRequest(to: server) }
            abandon(server)
            return
        }
        if client.pointee.pin != nil { server.pointee.needs(.discardAll) }
        // What its settings have become there nobody will be told.
        if let extras = client.pointee.extras, extras.inquiry != nil || !extras.doubts.isEmpty {
            server.pointee.needs(.session)
        }
        becomeFree(server)
    }

    /// Gives up the slot.
    func remove(_ client: ClientPointer) {
        client.pointee.held.clear(to: buffers)
        client.pointee.replay.clear(to: buffers)
        client.pointee.output.clear(to: buffers)
        client.pointee.released.clear(to: buffers)
        keepNames(client)
        forgetNames(client)
        statements.release(client.pointee.unnamed)
        statements.release(client.pointee.portals.last)
        profiles.release(client.pointee.profile)
        profiles.release(client.pointee.startProfile)
        processes.clients.takeBack(client.pointee.processID)
        memory.hosts.left(client.pointee.host)
        clients.remove(client.pointee.handle)
    }

    // MARK: Servers

    /// A server's connection is gone.
    func serverVanished(_ server: ServerPointer, reason: String) {
        let why = server.pointee.extras.lastError ?? reason
        switch server.pointee.phase {
        case .connecting, .authenticating:
            serverFailed(server, reason: why, isRefusal: true)
            return
        case .closing, .leaving:
            remove(server)
            if !databases.claims.isEmpty { checkClaims() }
            return
        case .listening:
            guard let listening = server.pointee.extras.listening else { return }
            actions.append(.log(.listeningServerLost(database: listening.database, reason: why)))
            drop(server)
            listeningServerLost(listening, why)
            return
        case .parked: return parkedServerLost(server, why)
        case .idle, .active, .draining: break
        }
        if server.pointee.isReplica { roster.endIncarnation(of: server.pointee.node) }
        let handle = server.pointee.client
        let pool = server.pointee.pool
        if let client = clients[handle] { loseServer(client, server, why) }
        drop(server)
        if pool.pointee.waiting > 0 { serveQueues(pool) }
        // What is held may be the rest of a batch that is now skipped, or the next.
        if let client = clients[handle], client.pointee.server.isNone { turn.work.append(.goOn(handle)) }
    }

    /// Closes every connection to a fenced node, in use or not: what it still answers is the word of a node whose
    /// writes are lost.
    func cutFencedServers() {
        guard roster.topology.nodes.contains(where: \.state.isFenced) else { return }
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle], server.pointee.phase != .closing
            else { continue }
            let node = roster.topology.nodes[server.pointee.node]
            guard case .fenced(let reason) = node.state else { continue }
            if server.pointee.transport != .none {
                actions.append(.close(server.pointee.transport, flush: false))
            }
            serverVanished(server, reason: "node \(node.name) is fenced: \(reason)")
        }
    }

    /// The client's server is gone: what becomes of the client is said by `ServerLoss`.
    private func loseServer(_ client: ClientPointer, _ server: ServerPointer, _ why: String) {
        switch ServerLoss(lostServer(client, server)) {
        case .logIn:
            client.pointee.server = .none
            client.pointee.flow = .between
            requestServerForWelcome(client, server.pointee.pool)
        case .replication: loseReplication(client, server, why)
        case .halfMessage:
            client.pointee.server = .none
            server.pointee.client = .none
            close(client, flush: true, reason: why)
        case .read: runLostReadAgain(client, server)
        case .nothingSent:
            let state = takeOff(client, server)
            client.pointee.flow = .between
            tellNext(client, ofLost: state, with: server, why)
            goOnWithoutServer(client)
        case .failedBatch(let transaction):
            let state = takeOff(client, server)
            leaveTransaction(client, transaction)
            client.pointee.flow = .skipping
            tellNext(client, ofLost: state, with: server, why)
            goOnWithoutServer(client)
        case .answers(let transaction, let isOverWithLast):
            let error = lostServerError(client, server, why, takeOff(client, server))
            failOwed(client, error, leaves: transaction, isOverWithLast: isOverWithLast)
            client.pointee.flow = .between
            goOnWithoutServer(client)
        case .batch(let transaction):
            let error = lostServerError(client, server, why, takeOff(client, server))
            failOwed(client, error, leaves: transaction, isOverWithLast: false)
            send(client) { $0.error(error) }
            client.pointee.flow = .skipping
            goOnWithoutServer(client)
        case .leadingReads:
            takeOff(client, server)
            leaveReplica(client)
            if client.pointee.flow != .catchingUp { client.pointee.flow = .between }
            resume(client, .sinkFull)
        case .idle:
            let state = takeOff(client, server)
            standIdle(client, .none)
            tellNext(client, ofLost: state, with: server, why)
            goOnWithoutServer(client)
        case .transaction:
            let state = takeOff(client, server)
            standIdle(client, .lost)
            extras(of: client).refusal = lostServerError(client, server, why, state)
            tellNext(client, ofLost: state, with: server, why)
            goOnWithoutServer(client)
        case .failedTransaction:
            let state = takeOff(client, server)
            standIdle(client, .lost)
            tellNext(client, ofLost: state, with: server, why)
            goOnWithoutServer(client)
        }
    }

    private func lostServer(_ client: ClientPointer, _ server: ServerPointer) -> LostServer {
        LostServer(
            isWelcoming: client.pointee.phase == .welcoming,
            isReplication: client.pointee.pin == .replication,
            isInClientsMessage: server.pointee.conversation.isInClientsMessage,
            isArmed: client.pointee.tries.isArmed,
            isRead: client.pointee.lastRoute.isRead,
            isReplica: server.pointee.isReplica,
            mayGoOn: client.pointee.tries.mayGoOn(nodes: roster.topology.nodes.count),
            isOwed: client.pointee.outstanding > 0,
            isInBatch: client.pointee.flow.isInBatch,
            isSettling: client.pointee.flow == .settling,
            isSkipping: server.pointee.conversation.isSkipping,
            status: server.pointee.conversation.status,
            transaction: client.pointee.transaction,
            ending: client.pointee.ending
        )
    }

    /// - Parameter state: what the session had on that server and would not miss by itself.
    private func lostServerError(_ client: ClientPointer, _ server: ServerPointer, _ why: String, _ state: String?)
        -> PostgresError
    {
        LostServerReport(
            node: roster.topology.nodes[server.pointee.node].name,
            why: why,
            isReplica: server.pointee.isReplica,
            // Of all that is in flight, not of what was sent last.
            isRead: client.pointee.lastRoute.isRead && !client.pointee.mustCarryOut,
            wasInTransaction: server.pointee.conversation.status != .idle,
            ending: client.pointee.ending,
            state: state
        ).error
    }

    /// The read that was lost with a replica's server is taken as if it had just come.
    private func runLostReadAgain(_ client: ClientPointer, _ server: ServerPointer) {
        server.pointee.pool.pointee.counters.retries &+= 1
        if client.pointee.extras?.inquiry != nil { settleByWords(client, server) }
        takeBackAll(client, server)
        takeBackNames(client)
        leaveReplica(client)
        client.pointee.server = .none
        returnToPinned(client)
        client.pointee.output.clear(to: buffers)
        client.pointee.outstanding = 0
        client.pointee.flow = .between
        resume(client, .sinkFull)
        client.pointee.tries.wasLost(on: server.pointee.node)
        restart(client)
    }

    /// Whatever the client had on the server is over.
    /// - Returns: what the session had there and would not miss by itself, in words; nil where it is nothing.
    @discardableResult
    private func takeOff(_ client: ClientPointer, _ server: ServerPointer) -> String? {
        if client.pointee.extras?.inquiry != nil { settleByWords(client, server) }
        // What was sent may have been carried out.
        if client.pointee.freshness.track == .writing { settleWrite(client, isOver: true) }
        failAll(server)
        takeBackAll(client, server)
        client.pointee.server = .none
        if case .toServer(let remaining) = client.pointee.passThrough {
            client.pointee.passThrough = .dropped(remaining: remaining)
        }
        if returnToPinned(client) { return nil }
        let state = losePins(client)
        meetsOthers(client)
        return state
    }

    /// Each reply that is owed is this error.
    private func failOwed(
        _ client: ClientPointer,
        _ error: PostgresError,
        leaves transaction: ClientTransaction,
        isOverWithLast: Bool
    ) {
        deliver(client)
        client.pointee.transaction = transaction
        send(client) { builder in
            for left in (0..<max(0, client.pointee.outstanding)).reversed() {
                if left == 0, isOverWithLast {
                    client.pointee.transaction = .none
                    ownTransactionEnded(client, committed: false)
                }
                builder.error(error)
                builder.readyForQuery(status(of: client))
            }
        }
        client.pointee.extras = nil
    }

    /// The server was lost while it owed nothing.
    private func standIdle(_ client: ClientPointer, _ transaction: ClientTransaction) {
        if client.pointee.flow != .catchingUp { client.pointee.flow = .between }
        leaveTransaction(client, transaction)
        client.pointee.ending = .none
    }

    private func leaveTransaction(_ client: ClientPointer, _ transaction: ClientTransaction) {
        client.pointee.transaction = transaction
        client.pointee.extras = nil
    }

    private func goOnWithoutServer(_ client: ClientPointer) {
        client.pointee.outstanding = 0
        resume(client, .sinkFull)
        sendQueueIfIdle(client)
    }

    /// To its client the lost server has failed at the first unanswered message of each cycle, and skipped the rest.
    private func failAll(_ server: ServerPointer) {
        var isFirst = true
        for index in 0..<server.pointee.conversation.ledger.count {
            let entry = server.pointee.conversation.ledger[index]
            guard entry.disposition != .swallow else { continue }
            if isFirst { statements.release(server.pointee.conversation.takePreviousUnnamed(failedAt: index)) }
            isFirst = entry.completesCycle
        }
    }

    /// Names that unanswered messages changed mean again what they meant before.
    private func takeBackAll(_ client: ClientPointer, _ server: ServerPointer) {
        client.pointee.extras?.pendingSettings = []
        while let undone = server.pointee.conversation.undoLast() { takeBack(undone, server) }
    }
}
