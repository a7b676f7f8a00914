import Authentication
import Bytes
import PostgresWire

/// From a server's connection to its first ReadyForQuery (PostgreSQL documentation, 55.2.1).
extension Engine {
    func beginLogin(_ server: ServerPointer) {
        server.pointee.phase = .authenticating
        server.pointee.extras.awaitsCredential = true
        let user = Array(server.pointee.pool.pointee.user.utf8)
        actions.append(.lookUpCredential(server.pointee.token, user: user))
    }

    /// What there is to log in with has been found: only now is the server told who comes.
    func startLogin(_ server: ServerPointer, _ credential: Credential?) {
        guard server.pointee.phase == .authenticating, server.pointee.extras.awaitsCredential else { return }
        server.pointee.extras.awaitsCredential = false
        let pool = server.pointee.pool
        server.pointee.extras.authenticator = ServerAuthenticator(
            user: Array(pool.pointee.user.utf8),
            login: credential.map { .credential($0) } ?? .nothing,
            nonce: ScramNonce(entropy: environment.randomBytes(ScramNonce.entropyLength)),
            channelBinding: .none,
            cleartextPolicy: .refuse
        )
        send(server) {
            $0.startup(
                .v3_0,
                [
                    .init(name: "user", value: pool.pointee.user),
                    .init(name: "database", value: pool.pointee.options.databaseOnServer),
                ] + replicationParameters(server)
            )
        }
    }

    private func send(_ server: ServerPointer, _ build: (inout MessageBuilder) -> Void) {
        var builder = MessageBuilder()
        build(&builder)
        server.pointee.conversation.sendUncounted(builder, from: buffers)
        touch(server)
    }

    /// Reads messages up to the first ReadyForQuery; returns the bytes consumed.
    func readLogin(_ server: ServerPointer, _ bytes: RawSpan) -> Int {
        let handle = server.pointee.handle
        var offset = 0
        while let header = frameGathered(server, bytes, offset) {
            let body = bytes.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            offset += header.size
            readLogin(server, header.tag, body)
            guard servers[handle] != nil, server.pointee.phase == .authenticating else { return bytes.byteCount }
        }
        return servers[handle] == nil ? bytes.byteCount : offset
    }

    /// The message of a server's at `offset`, where all of it is at hand. A server that sends what is none, or one
    /// too long to be gathered, is closed.
    func frameGathered(_ server: ServerPointer, _ bytes: RawSpan, _ offset: Int) -> MessageHeader? {
        switch Frame(ofServer: bytes, at: offset) {
        case .partial: return nil
        case .message(let header) where header.size <= BufferPool.largeChunkSize:
            return bytes.byteCount - offset >= header.size ? header : nil
        case .message:
            serverViolated(server, FramingViolation.length.ofServer)
            return nil
        case .violation(let violation):
            serverViolated(server, violation.ofServer)
            return nil
        }
    }

    private func readLogin(_ server: ServerPointer, _ tag: UInt8, _ body: RawSpan) {
        if server.pointee.extras.awaitsCredential, tag != BackendTag.errorResponse {
            return violatedLogin(server, "the server sent a message of type \(tag) before it was told who comes")
        }
        switch tag {
        case BackendTag.authentication:
            do {
                let request = try AuthenticationRequest.decode(body: body.array(0..<body.byteCount))
                if let step = server.pointee.extras.authenticator?.receive(request) { perform(step, server) }
            } catch {
                violatedLogin(server, "authentication protocol violation: \(error)")
            }
        case BackendTag.errorResponse:
            loginRefused(server, body)
        case BackendTag.parameterStatus:
            if let nameEnd = body.firstZero(from: 0), let valueEnd = body.firstZero(from: nameEnd + 1),
                !server.pointee.extras.setParameter(body.text(0..<nameEnd), body.text(nameEnd + 1..<valueEnd))
            {
                fail(server, "it reports more than \(ServerExtras.parameterLimit) parameters")
            }
        case BackendTag.backendKeyData where body.byteCount >= 8:
            server.pointee.processID = body.uint32(at: 0)
            processes.joined(server.pointee.process, server.pointee.handle)
            server.pointee.extras.cancelKey = body.array(4..<body.byteCount)
        case BackendTag.readyForQuery:
            serverReady(server)
        case BackendTag.noticeResponse, BackendTag.negotiateProtocolVersion: break
        default: violatedLogin(server, "the server sent a message of type \(tag) while it let us in")
        }
    }

    private func violatedLogin(_ server: ServerPointer, _ what: String) {
        refuse(server, forGood: PostgresError(.fatal, .protocolViolation, what))
    }

    func resumeLogin(_ server: ServerPointer, _ key: SaltedPassword) {
        guard server.pointee.phase == .authenticating,
            let step = server.pointee.extras.authenticator?.resume(saltedPassword: key)
        else { return }
        perform(step, server)
    }

    private func perform(_ step: ServerAuthenticator.Step, _ server: ServerPointer) {
        switch step {
        case .send(let response):
            send(server) { builder in builder.message(FrontendTag.password) { $0.raw(response.encodeBody()) } }
        case .deriveKey(let request):
            if let key = pools.logins.keys[request] {
                resumeLogin(server, key)
            } else {
                actions.append(.deriveKey(server.pointee.token, request))
            }
        case .wait: break
        case .authenticated: server.pointee.extras.authenticator = nil
        case .failed(let failure):
            refuse(server, forGood: PostgresError(.fatal, failure.sqlState, failure.message, hint: failure.hint))
        }
    }

    private func serverReady(_ server: ServerPointer) {
        let pool = server.pointee.pool
        server.pointee.extras.lastError = nil
        if isDemoted(server) {
            actions.append(.suspectNode(server.pointee.node))
            return fail(server, "the node is a standby", isRefusal: true)
        }
        if let listening = server.pointee.extras.listening { return listeningServerReady(server, listening) }
        pool.pointee.nodes[server.pointee.node].isLetIn(now: now)
        wantCatalog(of: pool)
        noteLogin(server)
        server.pointee.phase = .idle
        actions.append(
            .log(
                .serverReady(
                    node: server.pointee.node,
                    database: pool.pointee.database,
                    user: pool.pointee.user,
                    processID: server.pointee.processID
                )
            )
        )
        offer(server)
        if pool.pointee.waiting > 0 { serveQueues(pool) }
        if !databases.claims.isEmpty { checkClaims() }
    }

    // MARK: Failure

    /// Closes a connection that has not been let in.
    func fail(_ server: ServerPointer, _ reason: String, isRefusal: Bool = false) {
        if server.pointee.transport != .none { actions.append(.close(server.pointee.transport, flush: false)) }
        serverFailed(server, reason: reason, isRefusal: isRefusal)
    }

    /// A server could not be had: the next is tried after a pause.
    /// - Parameter isRefusal: the node lets nobody in.
    func serverFailed(_ server: ServerPointer, reason: String, isRefusal: Bool = false) {
        let pool = server.pointee.pool
        let node = server.pointee.node
        if let listening = server.pointee.extras.listening {
            actions.append(
                .log(
                    .serverFailed(node: node, database: pool.pointee.database, user: pool.pointee.user, reason: reason)
                )
            )
            drop(server)
            return listeningServerLost(listening, reason)
        }
        pool.pointee.nodes[node].retryAt = now + options.serverLoginRetry
        pool.pointee.nodes[node].lastFailure = reason
        if isRefusal { pool.pointee.nodes[node].refuses(reason, now: now) }
        actions.append(
            .log(.serverFailed(node: node, database: pool.pointee.database, user: pool.pointee.user, reason: reason))
        )
        drop(server)
        if pool.pointee.waiting > 0 { serveQueues(pool) }
    }

    /// A client that waited has got its server.
    func serverAssigned(_ client: ClientPointer) {
        guard let server = servers[client.pointee.server] else { return }
        switch client.pointee.phase {
        case .welcoming: startWelcome(client, server)
        case .ready: processHeld(client)
        case .startup, .authenticating, .console, .cancelling, .closing: break
        }
    }
}

extension ServerAuthenticationFailure {
    /// The code with which clients are told that the proxy cannot log in for them.
    fileprivate var sqlState: SQLState {
        switch self {
        case .secretMissing, .secretUnsuitable, .keysOfAnotherVerifier, .cleartextRefused, .md5Unavailable,
            .refusedByServer:
            .invalidPassword
        case .methodUnsupported, .noCommonMechanism, .tooManyIterations, .serverSignatureMismatch, .serverUnproven:
            .invalidAuthorization
        case .protocolViolation: .protocolViolation
        }
    }
}
