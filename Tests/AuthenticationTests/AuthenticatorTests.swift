import ProxyTerms
import Testing

@testable import Authentication

/// Both authenticators against each other, through the bytes of the messages.
@Suite struct AuthenticatorTests {
    enum Outcome: Equatable {
        case authenticated(by: [String])
        case refused(AuthenticationFailure)
        case gaveUp(ServerAuthenticationFailure)
    }

    static let user = bytes("alice")
    static let password = "corréct horse"
    static let serverSecret = secret("a lasting secret")

    static func credential(_ kind: String) throws -> Credential? {
        switch kind {
        case "plain": .plain(secret(password))
        case "md5": .md5(try MD5Password(password: secret(password), user: user))
        case "scram": .scram(ScramVerifier(password: secret(password), salt: [1, 2, 3, 4], iterations: 8))
        case "empty": .noPassword
        default: nil
        }
    }

    static func authenticator(
        _ method: AuthenticationMethod,
        _ credential: Credential?,
        commonMethod: CredentialLookup.CommonMethod = .scram,
        channelBinding: ChannelBinding = .none,
        user: [UInt8] = user
    ) -> ClientAuthenticator {
        ClientAuthenticator(
            user: user,
            method: method,
            lookup: CredentialLookup(credential: credential, commonMethod: commonMethod),
            salt: 0xDEAD_BEEF,
            nonce: ScramNonce(entropy: [UInt8](repeating: 5, count: 18)),
            serverSecret: serverSecret,
            channelBinding: channelBinding
        )
    }

    static func run(
        _ authenticator: ClientAuthenticator,
        login: ServerLogin,
        channelBinding: ChannelBinding = .none
    ) throws -> Outcome {
        var towardsClient = authenticator
        var towardsServer = ServerAuthenticator(
            user: user,
            login: login,
            nonce: ScramNonce(entropy: [UInt8](repeating: 6, count: 18)),
            channelBinding: channelBinding,
            cleartextPolicy: .refuse
        )
        var path: [String] = []
        var step = towardsClient.start()
        while true {
            let requests: [AuthenticationRequest]
            switch step {
            case .send(let request): requests = [request]
            case .deriveKey(let request):
                path.append("derive")
                step = towardsClient.resume(saltedPassword: request.derive())
                continue
            case .authenticated(let last, _): requests = last
            case .failed(let failure): return .refused(failure)
            }
            for request in requests {
                path.append(String("\(request)".prefix { $0 != "(" }))
                var reply = towardsServer.receive(try AuthenticationRequest.decode(body: request.encodeBody()))
                if case .deriveKey(let request) = reply {
                    reply = towardsServer.resume(saltedPassword: request.derive())
                }
                switch reply {
                case .send(let response): step = towardsClient.receive(response.encodeBody())
                case .wait: continue
                case .authenticated: return .authenticated(by: path)
                case .failed(let failure): return .gaveUp(failure)
                case .deriveKey: Issue.record("a second key asked for")
                }
            }
        }
    }

    @Test(arguments: [
        ("trust", "none", ["ok"]), ("trust", "scram", ["ok"]),
        ("md5", "plain", ["md5", "ok"]), ("md5", "md5", ["md5", "ok"]),
        ("md5", "scram", ["sasl", "saslContinue", "saslFinal", "ok"]),
        ("scram-sha-256", "plain", ["sasl", "saslContinue", "derive", "saslFinal", "ok"]),
        ("scram-sha-256", "scram", ["sasl", "saslContinue", "saslFinal", "ok"]),
    ])
    func theRightPasswordOpens(method: String, stored: String, path: [String]) throws {
        let method = try #require(AuthenticationMethod(rawValue: method))
        let authenticator = Self.authenticator(method, try Self.credential(stored))
        let login = ServerLogin.credential(.plain(secret(Self.password)))
        #expect(try Self.run(authenticator, login: login) == .authenticated(by: path))
        // Over TLS the same, bound to it where it is SCRAM.
        let hash = ChannelBinding.tlsServerEndPoint([UInt8](repeating: 3, count: 32))
        let bound = Self.authenticator(method, try Self.credential(stored), channelBinding: hash)
        #expect(try Self.run(bound, login: login, channelBinding: hash) == .authenticated(by: path))
    }

    @Test(arguments: [
        ("md5", "plain", "Password does not match for user \"alice\"."),
        ("md5", "md5", "Password does not match for user \"alice\"."),
        ("md5", "scram", "Password does not match for user \"alice\"."),
        ("md5", "none", "auth_file has no user \"alice\"."),
        ("md5", "empty", "auth_file has an empty secret for user \"alice\"."),
        ("scram-sha-256", "plain", "Password does not match for user \"alice\"."),
        ("scram-sha-256", "scram", "Password does not match for user \"alice\"."),
        ("scram-sha-256", "none", "auth_file has no user \"alice\"."),
        ("scram-sha-256", "empty", "auth_file has an empty secret for user \"alice\"."),
        (
            "scram-sha-256", "md5",
            "auth_file has only an md5 secret for user \"alice\", which does not serve auth_type = scram-sha-256: "
                + "put the plain password or a SCRAM verifier there."
        ),
    ])
    func allElseIsRefusedInTheSameWords(method: String, stored: String, logDetail: String) throws {
        let method = try #require(AuthenticationMethod(rawValue: method))
        for commonMethod in [CredentialLookup.CommonMethod.md5, .scram] {
            let authenticator = Self.authenticator(method, try Self.credential(stored), commonMethod: commonMethod)
            let outcome = try Self.run(authenticator, login: .credential(.plain(secret("wrong"))))
            let expected = AuthenticationFailure(
                sqlState: "28P01",
                message: "password authentication failed for user \"alice\"",
                logDetail: logDetail
            )
            #expect(outcome == .refused(expected))
        }
    }

    /// The challenge that a user gets, with the server's random bytes held still.
    static func challenge(_ credential: Credential?, user: [UInt8]) throws -> ScramServerFirstMessage {
        var authenticator = authenticator(.scramSHA256, credential, user: user)
        #expect(authenticator.start() == .send(.sasl([.scramSHA256])))
        let opening = AuthenticationResponse.saslInitial(.scramSHA256, bytes("n,,n=,r=abc")).encodeBody()
        guard case .send(.saslContinue(let data)) = authenticator.receive(opening) else {
            throw MalformedAuthenticationMessage("no challenge")
        }
        return try ScramServerFirstMessage(parsing: data)
    }

    @Test func anUnknownUserLooksLikeAKnownOne() throws {
        let unknown = try Self.challenge(nil, user: Self.user)
        let again = try Self.challenge(nil, user: Self.user)
        let known = try Self.challenge(.plain(secret("x")), user: Self.user)
        #expect(unknown == again)
        #expect(unknown == known)
        #expect(unknown.salt.count == ScramVerifier.defaultSaltLength)
        #expect(unknown.iterations == ScramVerifier.defaultIterations)
        #expect(try Self.challenge(nil, user: bytes("bob")).salt != unknown.salt)
    }

    @Test func aClientThatSpeaksSecondIsAskedToSpeak() throws {
        var authenticator = Self.authenticator(.scramSHA256, try Self.credential("scram"))
        _ = authenticator.start()
        let silent = bytes("SCRAM-SHA-256\0") + [0xFF, 0xFF, 0xFF, 0xFF]
        #expect(authenticator.receive(silent) == .send(.saslContinue([])))
        guard case .send(.saslContinue) = authenticator.receive(bytes("n,,n=,r=abc")) else {
            Issue.record("no challenge")
            return
        }
    }

    @Test func malformedResponsesAreProtocolViolations() throws {
        for body in [bytes("OTHER\0") + [0, 0, 0, 0], bytes("SCRAM-SHA-256-PLUS\0") + [0, 0, 0, 0], bytes("x"), []] {
            var authenticator = Self.authenticator(.scramSHA256, try Self.credential("scram"))
            _ = authenticator.start()
            guard case .failed(let failure) = authenticator.receive(body) else {
                Issue.record("accepted \(body)")
                continue
            }
            #expect(failure.sqlState == "08P01")
        }
        for (body, sqlState) in [("\0", "28P01"), ("x", "08P01"), ("", "08P01"), ("a\0b\0", "08P01")] {
            var authenticator = Self.authenticator(.md5, try Self.credential("md5"))
            _ = authenticator.start()
            guard case .failed(let failure) = authenticator.receive(bytes(body)) else {
                Issue.record("accepted \(body)")
                continue
            }
            #expect(failure.sqlState == sqlState)
        }
        var long = Self.authenticator(.md5, try Self.credential("md5"))
        _ = long.start()
        let tooLong = [UInt8](repeating: 65, count: ClientAuthenticator.responseLengthLimit + 1)
        #expect(long.receive(tooLong) == .failed(.protocolViolation("invalid password packet size")))
    }

    @Test func nothingOpensOutOfTurn() throws {
        let right = try #require(try Self.credential("md5"))
        guard case .md5(let password) = right else { return }
        let answer = AuthenticationResponse.password(Secret(try password.response(salt: 0xDEAD_BEEF))).encodeBody()
        let key = SaltedPasswordRequest(password: secret(Self.password), salt: [1], iterations: 1).derive()

        var early = Self.authenticator(.md5, right)
        guard case .failed = early.receive(answer) else {
            Issue.record("answered before it was asked")
            return
        }
        guard case .failed = early.start() else {
            Issue.record("started after a failure")
            return
        }
        var unasked = Self.authenticator(.scramSHA256, try Self.credential("plain"))
        _ = unasked.start()
        guard case .failed = unasked.resume(saltedPassword: key) else {
            Issue.record("a key that nobody asked for")
            return
        }
        var done = Self.authenticator(.md5, right)
        _ = done.start()
        #expect(done.receive(answer) == .authenticated([.ok], nil))
        guard case .failed = done.receive(answer) else {
            Issue.record("a second answer")
            return
        }
    }

    @Test func aMessageDuringTheDerivationFails() throws {
        var authenticator = Self.authenticator(.scramSHA256, try Self.credential("plain"))
        _ = authenticator.start()
        var client = ScramClient(
            secret: .password(secret(Self.password)),
            nonce: ScramNonce(entropy: [1, 2, 3]),
            channelBinding: .none
        )
        guard
            case .sendInitial(let mechanism, let opening) = client.start(offered: [.scramSHA256]),
            case .send(.saslContinue(let challenge)) =
                authenticator.receive(AuthenticationResponse.saslInitial(mechanism, opening).encodeBody()),
            case .deriveKey(let request) = client.receiveContinue(challenge),
            case .send(let final) = client.resume(saltedPassword: request.derive()),
            case .deriveKey(let serverRequest) = authenticator.receive(final)
        else {
            Issue.record("the exchange took another way")
            return
        }
        // Both sides derive from the same password and salt: one cached answer serves both.
        #expect(serverRequest == request)
        guard case .failed = authenticator.receive(final) else {
            Issue.record("a message during the derivation")
            return
        }
        guard case .failed = authenticator.resume(saltedPassword: request.derive()) else {
            Issue.record("went on after a failure")
            return
        }
    }

    @Test func theClientsOwnLoginOpensAServerWithTheSameVerifier() throws {
        let verifier = try #require(try Self.credential("scram"))
        var towardsClient = Self.authenticator(.scramSHA256, verifier)
        var client = ServerAuthenticator(
            user: Self.user,
            login: .credential(.plain(secret(Self.password))),
            nonce: ScramNonce(entropy: [9]),
            channelBinding: .none,
            cleartextPolicy: .refuse
        )
        var step = towardsClient.start()
        while case .send(let request) = step {
            var reply = client.receive(request)
            if case .deriveKey(let request) = reply { reply = client.resume(saltedPassword: request.derive()) }
            guard case .send(let response) = reply else { break }
            step = towardsClient.receive(response.encodeBody())
        }
        guard case .authenticated(_, let keys?) = step else {
            Issue.record("no keys")
            return
        }
        let server = Self.authenticator(.scramSHA256, verifier)
        #expect(
            try Self.run(server, login: .scramKeys(keys))
                == .authenticated(by: ["sasl", "saslContinue", "saslFinal", "ok"])
        )
    }
}
