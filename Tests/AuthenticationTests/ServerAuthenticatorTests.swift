import Testing

@testable import Authentication

@Suite struct ServerAuthenticatorTests {
    static let user = bytes("alice")

    static func authenticator(
        _ login: ServerLogin,
        cleartext: ServerAuthenticator.CleartextPolicy = .refuse
    ) -> ServerAuthenticator {
        ServerAuthenticator(
            user: user,
            login: login,
            nonce: ScramNonce(entropy: [0, 0, 0]),
            channelBinding: .none,
            cleartextPolicy: cleartext
        )
    }

    static let plain = ServerLogin.credential(.plain(secret("pw")))

    @Test func trustNeedsNothing() {
        var authenticator = Self.authenticator(.nothing)
        #expect(authenticator.receive(.ok) == .authenticated)
        #expect(
            authenticator.receive(.ok)
                == .failed(.protocolViolation("an authentication request out of turn"))
        )
    }

    @Test func cleartextGoesOutByPolicyOnly() {
        var allowed = Self.authenticator(Self.plain, cleartext: .allow)
        #expect(allowed.receive(.cleartext) == .send(.password(secret("pw"))))
        #expect(allowed.receive(.ok) == .authenticated)
        var refused = Self.authenticator(Self.plain)
        #expect(refused.receive(.cleartext) == .failed(.cleartextRefused(user: Self.user)))
    }

    @Test func whatIsMissingIsNamed() throws {
        let md5 = ServerLogin.credential(.md5(try MD5Password(password: secret("pw"), user: Self.user)))
        let verifier = ScramVerifier(password: secret("pw"), salt: [1], iterations: 1)
        let scram = ServerLogin.credential(.scram(verifier))
        let sasl = AuthenticationRequest.sasl([.scramSHA256])
        let cases: [(ServerLogin, AuthenticationRequest, String)] = [
            (.nothing, sasl, "the server asks for SCRAM, but auth_file has no secret for user \"alice\""),
            (.nothing, .md5(salt: 1), "the server asks for md5, but auth_file has no secret for user \"alice\""),
            (
                .credential(.noPassword), .cleartext,
                "the server asks for the plain password, but auth_file has no secret for user \"alice\""
            ),
            (md5, sasl, "the server asks for SCRAM, but auth_file has only an md5 secret for user \"alice\""),
            (
                md5, .cleartext,
                "the server asks for the plain password, but auth_file has only an md5 secret for user \"alice\""
            ),
            (
                scram, sasl,
                "the server asks for SCRAM, but auth_file has only a SCRAM verifier (which cannot log in) for user \"alice\""
            ),
            (
                scram, .md5(salt: 1),
                "the server asks for md5, but auth_file has only a SCRAM verifier (which cannot log in) for user \"alice\""
            ),
            (Self.plain, .unsupported(7), "the server asks for GSSAPI authentication, which is not supported"),
            (Self.plain, .unsupported(99), "the server asks for type 99 authentication, which is not supported"),
            (
                Self.plain, .sasl([.other(bytes("OAUTHBEARER"))]),
                "the server offers no supported SASL mechanism (it offers OAUTHBEARER)"
            ),
        ]
        for (login, request, message) in cases {
            var authenticator = Self.authenticator(login, cleartext: .allow)
            guard case .failed(let failure) = authenticator.receive(request) else {
                Issue.record("no failure: \(message)")
                continue
            }
            #expect(failure.message == message)
            #expect(failure.hint != nil)
        }
        #expect(
            ServerAuthenticationFailure.secretUnsuitable(user: Self.user, asked: "SCRAM", stored: "an md5 secret").hint
                == "Put the plain password of \"alice\" into auth_file."
        )
    }

    @Test func okBeforeTheServersProofIsRefused() {
        var early = Self.authenticator(Self.plain)
        _ = early.receive(.sasl([.scramSHA256]))
        #expect(early.receive(.ok) == .failed(.serverUnproven))

        var late = Self.authenticator(Self.plain)
        _ = late.receive(.sasl([.scramSHA256]))
        guard case .deriveKey(let request) = late.receive(.saslContinue(bytes("r=AAAAx,s=AAAA,i=1"))) else {
            Issue.record("no key asked for")
            return
        }
        guard case .send(.saslResponse) = late.resume(saltedPassword: request.derive()) else {
            Issue.record("no proof sent")
            return
        }
        #expect(late.receive(.ok) == .failed(.serverUnproven))
        guard case .failed = late.receive(.ok) else {
            Issue.record("went on after a failure")
            return
        }
    }

    @Test func aSecondRequestIsOutOfTurn() {
        let outOfTurn = ServerAuthenticator.Step.failed(
            .protocolViolation("an authentication request out of turn")
        )
        var afterPassword = Self.authenticator(Self.plain, cleartext: .allow)
        _ = afterPassword.receive(.md5(salt: 1))
        #expect(afterPassword.receive(.cleartext) == outOfTurn)
        var afterSasl = Self.authenticator(Self.plain, cleartext: .allow)
        _ = afterSasl.receive(.sasl([.scramSHA256]))
        #expect(afterSasl.receive(.cleartext) == outOfTurn)
        for request in [AuthenticationRequest.saslContinue([]), .saslFinal([])] {
            var first = Self.authenticator(Self.plain)
            #expect(first.receive(request) == outOfTurn)
        }
        let key = SaltedPasswordRequest(password: secret("x"), salt: [1], iterations: 1).derive()
        var unasked = Self.authenticator(Self.plain)
        #expect(
            unasked.resume(saltedPassword: key) == .failed(.protocolViolation("a derived key out of turn"))
        )
    }
}
