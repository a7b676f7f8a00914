import Testing

@testable import Authentication

@Suite struct ScramClientTests {
    static func started(
        _ secret: ScramSecret = .password(Secret(bytes("secret"))),
        iterationLimit: Int32 = ScramClient.defaultIterationLimit
    ) throws -> ScramClient {
        var client = ScramClient(
            secret: secret,
            nonce: try #require(ScramNonce(text: bytes("abc"))),
            channelBinding: .none,
            iterationLimit: iterationLimit
        )
        #expect(client.start(offered: [.scramSHA256]) == .sendInitial(.scramSHA256, bytes("n,,n=,r=abc")))
        return client
    }

    @Test(arguments: [
        "", "r=abc,s=AAAA,i=1", "r=abdX,s=AAAA,i=1", "r=abcX,s=,i=1", "r=abcX,s=AAA,i=1", "r=abcX,s=AAAA,i=0",
        "r=abcX,s=AAAA,i=-1", "r=abcX,s=AAAA,i=x", "r=abcX,s=AAAA", "r=abcX,s=AAAA,i=99999999999",
        "m=x,r=abcX,s=AAAA,i=1",
        "e=other-error", "r=abcX,s=AAAA,i=1,", "s=AAAA,r=abcX,i=1", "r=abc X,s=AAAA,i=1",
    ])
    func badChallengesFail(challenge: String) throws {
        var client = try Self.started()
        guard case .fail(.protocolViolation) = client.receiveContinue(bytes(challenge)) else {
            Issue.record("accepted \(challenge)")
            return
        }
        #expect(
            client.receiveContinue(bytes("r=abcX,s=AAAA,i=1"))
                == .fail(.protocolViolation("AuthenticationSASLContinue out of turn"))
        )
    }

    @Test func iterationsAreBounded() throws {
        var client = try Self.started(iterationLimit: 5000)
        #expect(client.receiveContinue(bytes("r=abcX,s=AAAA,i=5001")) == .fail(.tooManyIterations(5001, limit: 5000)))
        var second = try Self.started(iterationLimit: 5000)
        guard case .deriveKey(let request) = second.receiveContinue(bytes("r=abcX,s=AAAA,i=5000")) else {
            Issue.record("refused the limit itself")
            return
        }
        #expect(request.iterations == 5000)
        #expect(request.salt == [0, 0, 0])
    }

    @Test func keysServeTheirVerifierOnly() throws {
        let request = SaltedPasswordRequest(password: secret("secret"), salt: [0, 0, 0], iterations: 2)
        let keys = ScramSecret.keys(ScramKeys(request.derive(), salt: [0, 0, 0], iterations: 2))
        for challenge in ["r=abcX,s=AAAA,i=3", "r=abcX,s=AAAB,i=2"] {
            var client = try Self.started(keys)
            #expect(client.receiveContinue(bytes(challenge)) == .fail(.keysOfAnotherVerifier))
        }
        var client = try Self.started(keys)
        guard case .send = client.receiveContinue(bytes("r=abcX,s=AAAA,i=2")) else {
            Issue.record("refused the keys' own verifier")
            return
        }
    }

    @Test func theServersRefusalIsPassedOn() throws {
        var client = try Self.started()
        guard case .deriveKey(let request) = client.receiveContinue(bytes("r=abcX,s=AAAA,i=1")) else {
            Issue.record("no key asked for")
            return
        }
        _ = client.resume(saltedPassword: request.derive())
        #expect(client.receiveFinal(bytes("e=invalid-proof")) == .fail(.refusedByServer("invalid-proof")))
    }

    @Test func messagesOutOfTurnFail() throws {
        var early = try Self.started()
        #expect(early.receiveFinal(bytes("v=AAAA")) == .fail(.protocolViolation("AuthenticationSASLFinal out of turn")))
        var twice = try Self.started()
        #expect(twice.start(offered: [.scramSHA256]) == .fail(.protocolViolation("a second list of SASL mechanisms")))
        let key = SaltedPasswordRequest(password: secret("x"), salt: [1], iterations: 1).derive()
        var unasked = try Self.started()
        #expect(unasked.resume(saltedPassword: key) == .fail(.protocolViolation("a derived key out of turn")))
    }

    @Test func choosesAMechanism() throws {
        let hash = ChannelBinding.tlsServerEndPoint([1])
        func opening(_ binding: ChannelBinding, _ offered: [SaslMechanism]) -> ScramClient.Step {
            var client = ScramClient(
                secret: .password(secret("x")),
                nonce: ScramNonce(entropy: [0, 0, 0]),
                channelBinding: binding
            )
            return client.start(offered: offered)
        }
        let plus: [SaslMechanism] = [.scramSHA256Plus, .scramSHA256]
        #expect(opening(hash, plus) == .sendInitial(.scramSHA256Plus, bytes("p=tls-server-end-point,,n=,r=AAAA")))
        #expect(opening(hash, [.scramSHA256]) == .sendInitial(.scramSHA256, bytes("y,,n=,r=AAAA")))
        #expect(opening(.supportedButUnused, [.scramSHA256]) == .sendInitial(.scramSHA256, bytes("y,,n=,r=AAAA")))
        #expect(opening(.supportedButUnused, plus) == .sendInitial(.scramSHA256, bytes("n,,n=,r=AAAA")))
        #expect(opening(.none, plus) == .sendInitial(.scramSHA256, bytes("n,,n=,r=AAAA")))
        let other = [SaslMechanism.other(bytes("OAUTHBEARER"))]
        #expect(opening(hash, other) == .fail(.noCommonMechanism(other)))
        #expect(opening(.none, []) == .fail(.noCommonMechanism([])))
    }

    @Test func spellsOutTheUsersName() {
        var client = ScramClient(
            user: bytes("a,b=c"),
            secret: .password(secret("x")),
            nonce: ScramNonce(entropy: [0, 0, 0]),
            channelBinding: .none
        )
        #expect(client.start(offered: [.scramSHA256]) == .sendInitial(.scramSHA256, bytes("n,,n=a=2Cb=3Dc,r=AAAA")))
    }
}
