/// Logs in to one server, whatever it asks. Give it every `R` message up to `authenticated` or `failed`; an
/// ErrorResponse of the server in between is the caller's.
package struct ServerAuthenticator: Sendable {
    /// What to do next.
    package enum Step: Sendable, Hashable {
        /// Send this and wait for the next `R` message.
        case send(AuthenticationResponse)
        /// Have this derived, then call `resume(saltedPassword:)`.
        case deriveKey(SaltedPasswordRequest)
        /// Nothing to send: wait for the next `R` message.
        case wait
        /// The server has said AuthenticationOk; what follows is no more of this machine's.
        case authenticated
        /// Close the connection.
        case failed(ServerAuthenticationFailure)
    }

    /// Whether to send the password as it is to a server that asks for it so.
    package enum CleartextPolicy: Sendable, Hashable {
        case refuse
        /// For connections that nobody reads: TLS, or a Unix-domain socket.
        case allow
    }

    private enum State: Sendable {
        case awaitingRequest
        case awaitingVerdict
        case scram(ScramClient)
        case finished
    }

    private let user: [UInt8]
    private let login: ServerLogin
    private let nonce: ScramNonce
    private let channelBinding: ChannelBinding
    private let cleartextPolicy: CleartextPolicy
    private let iterationLimit: Int32
    private var state = State.awaitingRequest

    /// - Parameters:
    ///   - user: as the startup packet to the server has it.
    ///   - nonce: of fresh random bytes.
    ///   - channelBinding: `tlsServerEndPoint` on a connection with TLS; it is used where the server offers it.
    ///   - iterationLimit: a server that asks for more SCRAM iterations is refused.
    package init(
        user: [UInt8],
        login: ServerLogin,
        nonce: ScramNonce,
        channelBinding: ChannelBinding,
        cleartextPolicy: CleartextPolicy,
        iterationLimit: Int32 = ScramClient.defaultIterationLimit
    ) {
        self.user = user
        self.login = login
        self.nonce = nonce
        self.channelBinding = channelBinding
        self.cleartextPolicy = cleartextPolicy
        self.iterationLimit = iterationLimit
    }

    /// Takes what the server asks.
    package mutating func receive(_ request: AuthenticationRequest) -> Step {
        switch (state, request) {
        case (.awaitingRequest, .ok), (.awaitingVerdict, .ok):
            state = .finished
            return .authenticated
        case (.scram, .ok):
            return fail(.serverUnproven)
        case (.awaitingRequest, .cleartext):
            return answerCleartext()
        case (.awaitingRequest, .md5(let salt)):
            return answerMD5(salt: salt)
        case (.awaitingRequest, .sasl(let offered)):
            return startScram(offered)
        case (.scram(var client), .saslContinue(let data)):
            return advance(client.receiveContinue(data), of: client)
        case (.scram(var client), .saslFinal(let data)):
            return advance(client.receiveFinal(data), of: client)
        case (.awaitingRequest, .unsupported(let code)):
            return fail(.methodUnsupported(AuthenticationRequest.unsupportedMethodName(code)))
        case (.awaitingRequest, _), (.awaitingVerdict, _), (.scram, _), (.finished, _):
            return fail(.protocolViolation("an authentication request out of turn"))
        }
    }

    /// Takes the answer to `deriveKey`.
    package mutating func resume(saltedPassword: SaltedPassword) -> Step {
        guard case .scram(var client) = state else {
            return fail(.protocolViolation("a derived key out of turn"))
        }
        return advance(client.resume(saltedPassword: saltedPassword), of: client)
    }

    private mutating func answerCleartext() -> Step {
        guard case .credential(.plain(let password)) = login else { return failForSecret(asked: "the plain password") }
        switch cleartextPolicy {
        case .refuse:
            return fail(.cleartextRefused(user: user))
        case .allow:
            state = .awaitingVerdict
            return .send(.password(password))
        }
    }

    private mutating func answerMD5(salt: UInt32) -> Step {
        do throws(MD5Unavailable) {
            let password: MD5Password
            switch login {
            case .credential(.plain(let plain)): password = try MD5Password(password: plain, user: user)
            case .credential(.md5(let stored)): password = stored
            case .credential(.scram), .credential(.noPassword), .scramKeys, .nothing:
                return failForSecret(asked: "md5")
            }
            let response = try password.response(salt: salt)
            state = .awaitingVerdict
            return .send(.password(Secret(response)))
        } catch {
            return fail(.md5Unavailable)
        }
    }

    private mutating func startScram(_ offered: [SaslMechanism]) -> Step {
        let secret: ScramSecret
        switch login {
        case .credential(.plain(let password)): secret = .password(password)
        case .scramKeys(let keys): secret = .keys(keys)
        case .credential(.md5), .credential(.scram), .credential(.noPassword), .nothing:
            return failForSecret(asked: "SCRAM")
        }
        var client = ScramClient(
            secret: secret,
            nonce: nonce,
            channelBinding: channelBinding,
            iterationLimit: iterationLimit
        )
        return advance(client.start(offered: offered), of: client)
    }

    private mutating func advance(_ step: ScramClient.Step, of client: ScramClient) -> Step {
        state = .scram(client)
        switch step {
        case .sendInitial(let mechanism, let data):
            return .send(.saslInitial(mechanism, data))
        case .deriveKey(let request):
            return .deriveKey(request)
        case .send(let data):
            return .send(.saslResponse(data))
        case .verified:
            state = .awaitingVerdict
            return .wait
        case .fail(let failure):
            return fail(failure)
        }
    }

    private mutating func failForSecret(asked: String) -> Step {
        switch login {
        case .nothing, .credential(.noPassword):
            fail(.secretMissing(user: user, asked: asked))
        case .credential(.plain):
            fail(.secretUnsuitable(user: user, asked: asked, stored: "a plain password"))
        case .credential(.md5):
            fail(.secretUnsuitable(user: user, asked: asked, stored: "an md5 secret"))
        case .credential(.scram), .scramKeys:
            fail(.secretUnsuitable(user: user, asked: asked, stored: "a SCRAM verifier (which cannot log in)"))
        }
    }

    private mutating func fail(_ failure: ServerAuthenticationFailure) -> Step {
        state = .finished
        return .failed(failure)
    }
}

/// What there is to log in to a server with.
package enum ServerLogin: Sendable, Hashable {
    /// Nothing: only a server that trusts will let us in.
    case nothing
    /// A line of auth_file.
    case credential(Credential)
    /// What the client's own SCRAM log-in gave away.
    case scramKeys(ScramKeys)
}
