import Authentication
import Bytes
import PostgresWire
import ProxyTerms

/// From a client's first byte to its first ReadyForQuery (PostgreSQL documentation, 55.2.1).
extension Engine {
    func receivedFromClient(_ client: ClientPointer, _ bytes: RawSpan) {
        switch client.pointee.phase {
        case .ready: receivedFromReadyClient(client, bytes)
        case .startup, .authenticating:
            bytes.withUnsafeBytes { client.pointee.held.append($0, from: buffers) }
            continueStartup(client)
        case .welcoming:
            // Nothing is owed to a client before its first ReadyForQuery, but what it sends early is kept.
            bytes.withUnsafeBytes { client.pointee.held.append($0, from: buffers) }
            limitHeld(client)
        case .console:
            bytes.withUnsafeBytes { client.pointee.held.append($0, from: buffers) }
            continueConsole(client)
        case .cancelling, .closing: break
        }
    }

    private func continueStartup(_ client: ClientPointer) {
        do {
            var goesOn = true
            while goesOn {
                switch client.pointee.phase {
                case .startup: goesOn = try readStartupPacket(client)
                case .authenticating: goesOn = try readPassword(client)
                case .welcoming, .ready, .console, .cancelling, .closing: goesOn = false
                }
            }
        } catch {
            refuse(client, error)
        }
    }

    private func readStartupPacket(_ client: ClientPointer) throws(PostgresError) -> Bool {
        let bytes = client.pointee.held.bytes
        let span = bytes.bytes
        guard let length = try StartupPacket.length(of: span, limit: options.maximumStartupPacket),
            span.byteCount >= length
        else { return false }
        let packet = try StartupPacket(span.extracting(0..<length))
        client.pointee.held.consume(length, to: buffers)
        switch packet {
        case .tlsRequest, .gssEncryptionRequest:
            client.pointee.output.append("N", from: buffers)
            touch(client)
        case .cancel(let processID, let key):
            cancelRequested(by: client, processID: processID, key: key)
            return false
        case .startup(let version, let parameters):
            try begin(client, version, parameters)
        }
        return true
    }

    private func begin(
        _ client: ClientPointer,
        _ version: ProtocolVersion,
        _ parameters: [StartupPacket.Parameter]
    ) throws(PostgresError) {
        let request = try StartupRequest(version: version, parameters: parameters)
        let extras = ClientExtras()
        client.pointee.extras = extras
        extras.version = min(version, .newest)
        extras.user = request.user
        extras.database = request.database
        extras.replication = request.replication
        extras.settings = request.settings
        extras.ownSettings = request.own
        extras.position = request.position
        if clients.count > options.maximumClients {
            throw PostgresError(
                .fatal,
                .tooManyConnections,
                "sorry, too many clients already",
                hint: "Raise max_client_connections (now \(options.maximumClients))."
            )
        }
        if version > .newest || !request.unrecognized.isEmpty {
            send(client) {
                $0.negotiateProtocolVersion(extras.version, unrecognized: request.unrecognized)
            }
        }
        client.pointee.phase = .authenticating
        let user = Array(request.user.utf8)
        switch configuration.authenticationMethod {
        case .trust:
            // Whoever it is: nobody is looked up.
            try start(
                makeAuthenticator(user, .trust, CredentialLookup(credential: nil, commonMethod: .scram), Secret([])),
                client
            )
        case .md5, .scramSHA256:
            extras.awaits = .credential
            actions.append(.lookUpCredential(client.pointee.token, user: user))
        }
    }

    /// What is known of the user has been found.
    func authenticate(_ client: ClientPointer, _ lookup: CredentialLookup, _ secret: Secret) {
        guard client.pointee.phase == .authenticating, let extras = client.pointee.extras, extras.awaits == .credential
        else { return }
        extras.awaits = .client
        let handle = client.pointee.handle
        // Settings may have changed meanwhile: what holds now is what is asked for.
        let method = configuration.authenticationMethod
        do {
            try start(makeAuthenticator(Array(extras.user.utf8), method, lookup, secret), client)
            continueStartup(client)
        } catch {
            refuse(client, error)
        }
        guard let client = clients[handle], client.pointee.phase != .closing else { return }
        limitHeld(client)
        if client.pointee.input != .open { leaveIfDone(client) }
    }

    private func makeAuthenticator(
        _ user: [UInt8],
        _ method: AuthenticationMethod,
        _ lookup: CredentialLookup,
        _ secret: Secret
    ) -> ClientAuthenticator {
        let random = environment.randomBytes(4 + ScramNonce.entropyLength)
        return ClientAuthenticator(
            user: user,
            method: method,
            lookup: lookup,
            salt: random[0..<4].reduce(0) { $0 << 8 | UInt32($1) },
            nonce: ScramNonce(entropy: Array(random[4...])),
            serverSecret: secret,
            channelBinding: .none
        )
    }

    private func start(_ authenticator: ClientAuthenticator, _ client: ClientPointer) throws(PostgresError) {
        var authenticator = authenticator
        let step = authenticator.start()
        client.pointee.extras?.authenticator = authenticator
        try perform(step, client)
    }

    private func readPassword(_ client: ClientPointer) throws(PostgresError) -> Bool {
        // It has not been asked yet: what it sends early is looked at then.
        if client.pointee.extras?.awaits == .credential { return limitEarly(client) }
        let bytes = client.pointee.held.bytes
        let span = bytes.bytes
        let header: MessageHeader
        switch Frame(ofPassword: span, limit: ClientAuthenticator.responseLengthLimit) {
        case .partial: return false
        case .message(let framed): header = framed
        case .violation(.unknownType(let tag)):
            throw PostgresError(
                .fatal,
                .protocolViolation,
                "expected password response, got message type \(tag)"
            )
        case .violation: throw PostgresError(.fatal, .protocolViolation, "invalid length of password response")
        }
        guard span.byteCount >= header.size else { return false }
        let body = span.array(MessageHeader.byteCount..<header.size)
        client.pointee.held.consume(header.size, to: buffers)
        guard let extras = client.pointee.extras, let step = extras.authenticator?.receive(body) else { return false }
        try perform(step, client)
        return true
    }

    /// A client that sends much before it is asked anything is not read on.
    /// - Returns: false, there is nothing to read.
    private func limitEarly(_ client: ClientPointer) -> Bool {
        limitHeld(client)
        return false
    }

    func resumeAuthentication(_ client: ClientPointer, _ key: SaltedPassword) {
        guard client.pointee.phase == .authenticating, let extras = client.pointee.extras,
            let step = extras.authenticator?.resume(saltedPassword: key)
        else { return }
        extras.awaits = .client
        let handle = client.pointee.handle
        do {
            try perform(step, client)
            continueStartup(client)
        } catch {
            refuse(client, error)
        }
        if let client = clients[handle], client.pointee.input != .open { leaveIfDone(client) }
    }

    private func perform(_ step: ClientAuthenticator.Step, _ client: ClientPointer) throws(PostgresError) {
        switch step {
        case .send(let request): sendAuthentication(client, request)
        case .deriveKey(let request):
            if let key = pools.logins.keys[request],
                let next = client.pointee.extras?.authenticator?.resume(saltedPassword: key)
            {
                try perform(next, client)
            } else {
                client.pointee.extras?.awaits = .key
                actions.append(.deriveKey(client.pointee.token, request))
            }
        case .authenticated(let requests, _):
            for request in requests { sendAuthentication(client, request) }
            client.pointee.extras?.authenticator = nil
            try enter(client)
        case .failed(let failure):
            throw PostgresError(failure)
        }
    }

    private func sendAuthentication(_ client: ClientPointer, _ request: AuthenticationRequest) {
        send(client) { builder in
            builder.message(BackendTag.authentication) { $0.raw(request.encodeBody()) }
        }
    }

    /// The client is who it says: finds its pool and has the session's parameters told.
    private func enter(_ client: ClientPointer) throws(PostgresError) {
        guard let extras = client.pointee.extras else { return }
        if ConsoleSession.databases.contains(extras.database) {
            return try enterConsole(client, user: extras.user, version: extras.version)
        }
        let pool = pool(PoolKey(database: extras.database, user: extras.user, replication: extras.replication))
        let limits = pool.pointee.options
        if let (scope, limit) = pools.quota.limit(ofClients: extras.database, extras.user, limits) {
            throw scope == .user
                ? .tooManyClients(of: "user", extras.user, limit: limit)
                : .tooManyClients(of: "database", extras.database, limit: limit)
        }
        pools.quota.clientEntered(extras.database, extras.user)
        pool.pointee.clients += 1
        pool.pointee.counters.logins += 1
        client.pointee.pool = pool
        client.pointee.processID = processes.clients.give(to: client.pointee.handle)
        client.pointee.profile = profiles.intern(extras.settings)
        client.pointee.startProfile = profiles.intern(extras.settings)
        client.pointee.parseContext = profiles.context(of: client.pointee.profile)
        client.pointee.context = context(for: extras.settings, pool)
        beginOwnSettings(client, extras)
        client.pointee.cancelSecret = environment.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
        client.pointee.since = now
        if extras.replication == .off, let welcome = pool.pointee.welcomes[client.pointee.profile] {
            begin(client, welcome.profile)
            self.welcome(client, welcome.parameters)
        } else {
            client.pointee.phase = .welcoming
            requestServerForWelcome(client, pool)
        }
    }

    /// Parameters are the primary's; where there is none, a replica's serve.
    func requestServerForWelcome(_ client: ClientPointer, _ pool: PoolPointer) {
        askAnew(pool)
        requestServer(client, pool, forRead: primary < 0 && pool.pointee.replication == .off)
        if client.pointee.flow == .assigned { serverAssigned(client) }
    }

    /// A server for the first look at the session's parameters is there.
    func startWelcome(_ client: ClientPointer, _ server: ServerPointer) {
        if server.pointee.profile == client.pointee.profile {
            finishWelcome(client, server)
        } else {
            injectSettings(client, server)
        }
    }

    /// The server has the client's settings: what it reported is what the client is told, now and whenever one comes
    /// with the same settings.
    func finishWelcome(_ client: ClientPointer, _ server: ServerPointer) {
        guard let pool = client.pointee.pool else { return }
        var builder = MessageBuilder()
        for parameter in server.pointee.extras.parameters {
            // A session through the proxy can write, whichever node this was read from.
            builder.parameterStatus(parameter.name, parameter.name == "in_hot_standby" ? "off" : parameter.value)
        }
        if pool.pointee.replication != .off {
            pin(client, .replication)
            welcome(client, builder.bytes)
            return
        }
        if pool.pointee.welcomes.count >= 1024 { forgetWelcomes(pool) }
        let written = client.pointee.profile
        let profile = server.pointee.profile
        if pool.pointee.welcomes[written] == nil {
            profiles.retain(written)
            profiles.retain(profile)
            pool.pointee.welcomes[written] = Welcome(parameters: builder.bytes, profile: profile)
        }
        begin(client, profile)
        release(server, from: client)
        welcome(client, builder.bytes)
    }

    /// The session begins with these settings, to which RESET returns.
    private func begin(_ client: ClientPointer, _ profile: ProfileID) {
        profiles.retain(profile)
        profiles.release(client.pointee.startProfile)
        client.pointee.startProfile = profile
        setProfile(client, profiles.settings(of: profile))
    }

    func forgetWelcomes(_ pool: PoolPointer) {
        for (written, welcome) in pool.pointee.welcomes {
            profiles.release(written)
            profiles.release(welcome.profile)
        }
        pool.pointee.welcomes.removeAll()
    }

    private func welcome(_ client: ClientPointer, _ parameters: [UInt8]) {
        guard let extras = client.pointee.extras else { return }
        client.pointee.output.append(parameters, from: buffers)
        send(client) { builder in
            let secret = client.pointee.cancelSecret
            // Protocol 3.0 has keys of four bytes, 3.2 of up to 256.
            let size = extras.version >= .v3_2 ? 8 : 4
            let key = (0..<size).reversed().map { UInt8(truncatingIfNeeded: secret >> UInt64($0 * 8)) }
            builder.backendKeyData(processID: client.pointee.processID, key: key)
            builder.readyForQuery(.idle)
        }
        client.pointee.phase = .ready
        client.pointee.flow = .between
        client.pointee.since = now
        client.pointee.extras = nil
        actions.append(.log(.clientLoggedIn(nameForLog(client))))
        processHeld(client)
    }

    // MARK: Words to a client, and about it

    func nameForLog(_ client: ClientPointer) -> EngineEvent.Client {
        let (pool, extras) = (client.pointee.pool, client.pointee.extras)
        return EngineEvent.Client(
            user: pool?.pointee.user ?? extras?.user ?? "",
            database: pool?.pointee.database ?? extras?.database ?? "",
            processID: client.pointee.processID,
            address: address(of: client)
        )
    }

    /// Where it has connected from.
    func address(of client: ClientPointer) -> ClientAddress {
        memory.hosts.address(client.pointee.host, port: client.pointee.port)
    }

    /// Appends messages of the proxy's own to what the client is sent.
    func send(_ client: ClientPointer, _ build: (inout MessageBuilder) -> Void) {
        var builder = MessageBuilder()
        build(&builder)
        client.pointee.output.append(builder.bytes, from: buffers)
        touch(client)
    }

    /// Whether a part of a server's message has been passed on to the client, and the rest has not come.
    private func isInReply(_ client: ClientPointer) -> Bool {
        guard let server = servers[client.pointee.server], server.pointee.conversation.incoming.rest != .none else {
            return false
        }
        return server.pointee.conversation.ledger.first?.disposition == .forward
    }

    /// Tells a client a FATAL error and closes its connection.
    func refuse(_ client: ClientPointer, _ error: PostgresError) {
        guard client.pointee.phase != .closing else { return }
        var fatal = error
        fatal.severity = .fatal
        if isInReply(client) {
            // Half a message has left: nothing that could be said would be understood.
            return close(client, flush: true, reason: error.message)
        }
        send(client) { $0.error(fatal) }
        if let extras = client.pointee.extras, client.pointee.phase != .ready, !extras.user.isEmpty {
            actions.append(.log(.clientRefused(nameForLog(client), reason: error.message)))
        }
        close(client, flush: true, reason: error.message)
    }
}

extension PostgresError {
    init(_ failure: AuthenticationFailure) {
        let state = Array(failure.sqlState.utf8).withUnsafeBytes { SQLState($0) }
        self.init(.fatal, state, failure.message, detail: failure.detail, hint: failure.hint)
    }
}

extension PostgresError {
    fileprivate static func tooManyClients(of scope: String, _ name: String, limit: Int) -> PostgresError {
        PostgresError(
            .fatal,
            .tooManyConnections,
            "too many connections for \(scope) \"\(name)\"",
            hint: "Raise max_client_connections (now \(limit)) in [\(scope) \(name)]."
        )
    }
}
