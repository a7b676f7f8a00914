import ProxyTerms

/// Authenticates one client, whatever the method: what to ask, what the answer must be, and the verdict.
///
/// Start it once, when the startup packet has been read; then give it the body of every `p` message. Whoever is
/// unknown, or has a secret that does not serve the method, is asked as anyone is and then refused with the same words
/// as for a wrong password.
package struct ClientAuthenticator: Sendable {
    /// What to do next.
    package enum Step: Sendable, Hashable {
        /// Send this and wait for a `p` message.
        case send(AuthenticationRequest)
        /// Have this derived, then call `resume(saltedPassword:)`; meanwhile the client is to send nothing.
        case deriveKey(SaltedPasswordRequest)
        /// The client is who it says. Send these, of which the last is `ok`. After SCRAM there are the keys with which
        /// to log in to a server that has the same verifier.
        case authenticated([AuthenticationRequest], ScramKeys?)
        /// Send this as a FATAL ErrorResponse and close.
        case failed(AuthenticationFailure)
    }

    /// Bytes in the longest body of a `p` message that is worth receiving; PostgreSQL draws the same line.
    package static let responseLengthLimit = 65535

    private enum State: Sendable {
        case idle
        case awaitingMD5Response(MD5Account, salt: UInt32)
        case awaitingMechanism(ScramAccount)
        /// The client has chosen a mechanism; `p` messages are bare SASL data from here on.
        case scram(ScramServer)
        case finished
    }

    private enum MD5Account: Sendable {
        case real(MD5Password)
        case mock(reason: String)
    }

    private let user: [UInt8]
    private let method: AuthenticationMethod
    private let lookup: CredentialLookup
    private let salt: UInt32
    private let nonce: ScramNonce
    private let serverSecret: Secret
    private let channelBinding: ChannelBinding
    private var state = State.idle

    /// - Parameters:
    ///   - user: as the startup packet has it.
    ///   - salt: random, for md5.
    ///   - nonce: of fresh random bytes, for SCRAM.
    ///   - serverSecret: random and lasting bytes; see `CredentialStore.serverSecret`.
    ///   - channelBinding: `tlsServerEndPoint` on a connection with TLS.
    package init(
        user: [UInt8],
        method: AuthenticationMethod,
        lookup: CredentialLookup,
        salt: UInt32,
        nonce: ScramNonce,
        serverSecret: Secret,
        channelBinding: ChannelBinding
    ) {
        self.user = user
        self.method = method
        self.lookup = lookup
        self.salt = salt
        self.nonce = nonce
        self.serverSecret = serverSecret
        self.channelBinding = channelBinding
    }

    /// The first request.
    package mutating func start() -> Step {
        guard case .idle = state else { return fail(.protocolViolation("authentication has already begun")) }
        switch method {
        case .trust:
            state = .finished
            return .authenticated([.ok], nil)
        case .md5:
            return startMD5()
        case .scramSHA256:
            return startScram(scramAccount())
        }
    }

    /// Takes the body of a `p` message: all behind its length.
    package mutating func receive(_ body: [UInt8]) -> Step {
        guard body.count <= Self.responseLengthLimit else {
            return fail(.protocolViolation("invalid password packet size"))
        }
        do throws(MalformedAuthenticationMessage) {
            switch state {
            case .awaitingMD5Response(let account, let salt):
                return verify(try AuthenticationResponse.decodePassword(body: body), account: account, salt: salt)
            case .awaitingMechanism(let account):
                let (mechanism, data) = try AuthenticationResponse.decodeSaslInitial(body: body)
                return begin(mechanism, data: data, account: account)
            case .scram(var server):
                return advance(server.receive(body), of: server)
            case .idle, .finished:
                return fail(.protocolViolation("unexpected password message"))
            }
        } catch {
            return fail(.protocolViolation(error.detail))
        }
    }

    /// Takes the answer to `deriveKey`.
    package mutating func resume(saltedPassword: SaltedPassword) -> Step {
        guard case .scram(var server) = state else {
            return fail(.protocolViolation("unexpected password message"))
        }
        return advance(server.resume(saltedPassword: saltedPassword), of: server)
    }

    private mutating func startMD5() -> Step {
        switch lookup.credential {
        case .scram:
            return startScram(scramAccount())
        case .plain(let password):
            do throws(MD5Unavailable) {
                return requestMD5(.real(try MD5Password(password: password, user: user)))
            } catch {
                return fail(.md5Unavailable)
            }
        case .md5(let password):
            return requestMD5(.real(password))
        case .noPassword, nil:
            switch lookup.commonMethod {
            case .md5: return requestMD5(.mock(reason: refusalReason))
            case .scram: return startScram(scramAccount())
            }
        }
    }

    private mutating func requestMD5(_ account: MD5Account) -> Step {
        state = .awaitingMD5Response(account, salt: salt)
        return .send(.md5(salt: salt))
    }

    private mutating func startScram(_ account: ScramAccount) -> Step {
        state = .awaitingMechanism(account)
        return .send(.sasl(ScramServer.offeredMechanisms(channelBinding: channelBinding)))
    }

    private func scramAccount() -> ScramAccount {
        switch lookup.credential {
        case .scram(let verifier): .verifier(verifier)
        case .plain(let password): .password(password, user: user, serverSecret: serverSecret)
        case .md5, .noPassword, nil: .mock(user: user, serverSecret: serverSecret, reason: refusalReason)
        }
    }

    private mutating func verify(_ response: Secret, account: MD5Account, salt: UInt32) -> Step {
        guard !response.bytes.isEmpty else { return fail(.emptyPassword) }
        switch account {
        case .mock(let reason):
            return fail(.invalidPassword(user: user, logDetail: reason))
        case .real(let password):
            do throws(MD5Unavailable) {
                guard try password.verifies(response: response.bytes, salt: salt) else {
                    return fail(.wrongPassword(user: user))
                }
            } catch {
                return fail(.md5Unavailable)
            }
            state = .finished
            return .authenticated([.ok], nil)
        }
    }

    private mutating func begin(_ mechanism: SaslMechanism, data: [UInt8]?, account: ScramAccount) -> Step {
        guard ScramServer.offeredMechanisms(channelBinding: channelBinding).contains(mechanism) else {
            return fail(.protocolViolation("client selected an invalid SASL authentication mechanism"))
        }
        var server = ScramServer(
            user: user,
            account: account,
            mechanism: mechanism,
            channelBinding: channelBinding,
            nonce: nonce
        )
        guard let data else {
            // SASL has the client speak first; one that has kept silent is asked by an empty challenge.
            state = .scram(server)
            return .send(.saslContinue([]))
        }
        return advance(server.receive(data), of: server)
    }

    private mutating func advance(_ step: ScramServer.Step, of server: ScramServer) -> Step {
        state = .scram(server)
        switch step {
        case .send(let data):
            return .send(.saslContinue(data))
        case .deriveKey(let request):
            return .deriveKey(request)
        case .finish(let data, let keys):
            state = .finished
            return .authenticated([.saslFinal(data), .ok], keys)
        case .fail(let failure):
            return fail(failure)
        }
    }

    /// For the log: why a user who is asked for a password cannot have the right one.
    private var refusalReason: String {
        let name = AuthenticationFailure.quoted(user)
        return switch lookup.credential {
        case .noPassword: "auth_file has an empty secret for user \(name)."
        case .md5:
            "auth_file has only an md5 secret for user \(name), which does not serve auth_type = scram-sha-256: "
                + "put the plain password or a SCRAM verifier there."
        case .plain, .scram, nil: "auth_file has no user \(name)."
        }
    }

    private mutating func fail(_ failure: AuthenticationFailure) -> Step {
        state = .finished
        return .failed(failure)
    }
}
