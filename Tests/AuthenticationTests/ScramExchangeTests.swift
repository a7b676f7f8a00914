import Bytes
import SeededRandom
import Testing

@testable import Authentication

@Suite struct ScramExchangeTests {
    static func exchange(
        password: [UInt8],
        account: ScramAccount,
        client: ChannelBinding = .none,
        server: ChannelBinding = .none,
        mechanism: SaslMechanism = .scramSHA256,
        offered: [SaslMechanism] = [.scramSHA256],
        entropy: UInt8 = 7
    ) -> ScramExchange {
        ScramExchange(
            client: ScramClient(
                secret: .password(Secret(password)),
                nonce: ScramNonce(entropy: [UInt8](repeating: entropy, count: ScramNonce.entropyLength)),
                channelBinding: client
            ),
            server: ScramServer(
                user: bytes("u"),
                account: account,
                mechanism: mechanism,
                channelBinding: server,
                nonce: ScramNonce(entropy: [UInt8](repeating: entropy &+ 1, count: ScramNonce.entropyLength))
            ),
            offered: offered
        )
    }

    /// RFC 7677, section 3, message by message.
    @Test func testVectorOfRFC7677() throws {
        let salt = try #require(Base64.decode(bytes("W22ZaJ0SNY7soEsUEjb6gQ==")))
        let exchange = ScramExchange(
            client: ScramClient(
                user: bytes("user"),
                secret: .password(secret("pencil")),
                nonce: try #require(ScramNonce(text: bytes("rOprNGfwEbeRWgbNEkqO"))),
                channelBinding: .none
            ),
            server: ScramServer(
                user: bytes("user"),
                account: .verifier(ScramVerifier(password: secret("pencil"), salt: salt, iterations: 4096)),
                mechanism: .scramSHA256,
                channelBinding: .none,
                nonce: try #require(ScramNonce(text: bytes("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")))
            )
        )
        let outcome = exchange.run()
        #expect(outcome.clientVerified)
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        #expect(outcome.messages[.clientFirst] == bytes("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))
        #expect(outcome.messages[.serverFirst] == bytes("r=\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))
        #expect(
            outcome.messages[.clientFinal]
                == bytes("c=biws,r=\(nonce),p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        )
        #expect(outcome.messages[.serverFinal] == bytes("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="))
    }

    @Test func randomPasswordsLogIn() {
        var generator = SeededGenerator(seed: 3)
        for round in 0..<300 {
            let password = generator.bytes(Int.random(in: 1...60, using: &generator))
            let salt = generator.bytes(Int.random(in: 1...40, using: &generator))
            let iterations = Int32.random(in: 1...20, using: &generator)
            let verifier = ScramVerifier(password: Secret(password), salt: salt, iterations: iterations)
            let account: ScramAccount =
                round.isMultiple(of: 2)
                ? .verifier(verifier) : .password(Secret(password), salt: salt, iterations: iterations)

            let right = Self.exchange(password: password, account: account).run()
            #expect(right.clientVerified)

            // What the server has learnt is enough to log in to another server with the same verifier.
            let keys = right.serverKeys
            #expect(keys != nil)
            var passThrough = Self.exchange(password: [], account: .verifier(verifier))
            if let keys {
                passThrough.client = ScramClient(
                    secret: .keys(keys),
                    nonce: ScramNonce(entropy: generator.bytes(18)),
                    channelBinding: .none
                )
            }
            #expect(passThrough.run().clientVerified)

            let wrong = Self.exchange(password: password + [0x21], account: account).run()
            #expect(!wrong.clientVerified && wrong.serverKeys == nil)
            #expect(wrong.serverFailure?.sqlState == "28P01")
            #expect(wrong.serverFailure?.logDetail == "Password does not match for user \"u\".")
        }
    }

    /// Every bit of every message matters: changed on its way, neither side is taken in.
    @Test(
        arguments: ScramExchange.Message.allCases,
        [ChannelBinding.none, .tlsServerEndPoint([1, 2, 3, 4, 5, 6, 7, 8])]
    )
    func tamperedMessagesFail(message: ScramExchange.Message, binding: ChannelBinding) throws {
        let offered = ScramServer.offeredMechanisms(channelBinding: binding)
        var exchange = Self.exchange(
            password: bytes("secret"),
            account: .verifier(ScramVerifier(password: secret("secret"), salt: [9, 8, 7, 6, 5], iterations: 3)),
            client: binding,
            server: binding,
            mechanism: offered[0],
            offered: offered
        )
        let untouched = exchange.run()
        #expect(untouched.clientVerified)
        let length = try #require(untouched.messages[message]).count
        for position in 0..<length {
            for bit in 0..<8 {
                exchange.change = { passing, data in
                    guard passing == message else { return data }
                    var changed = data
                    changed[position] ^= 1 << UInt8(bit)
                    return changed
                }
                let outcome = exchange.run()
                #expect(!outcome.clientVerified, "\(message), byte \(position), bit \(bit)")
                if message != .serverFinal {
                    #expect(outcome.serverKeys == nil, "\(message), byte \(position), bit \(bit)")
                }
            }
        }
        for length in 0..<length {
            exchange.change = { passing, data in passing == message ? Array(data.prefix(length)) : data }
            #expect(!exchange.run().clientVerified, "\(message) cut to \(length) bytes")
        }
    }

    @Test func anotherServersProofIsNoProof() {
        // An impostor that has the stored key but not the server key.
        let real = ScramVerifier(password: secret("secret"), salt: [1], iterations: 1)
        let impostor = ScramVerifier(
            storedKey: real.storedKey,
            serverKey: Secret([UInt8](repeating: 0, count: 32)),
            salt: [1],
            iterations: 1
        )
        let outcome = Self.exchange(password: bytes("secret"), account: .verifier(impostor)).run()
        #expect(outcome.clientFailure == .serverSignatureMismatch)
    }

    @Test func nothingSentAtRandomCrashesOrPasses() {
        var generator = SeededGenerator(seed: 5)
        let account = ScramAccount.verifier(ScramVerifier(password: secret("secret"), salt: [1, 2], iterations: 1))
        let alphabet = bytes("nyprscvima=,,=/+09AZ%\0\u{FF}")
        for round in 0..<8_000 {
            let target = ScramExchange.Message.allCases[round % 4]
            var exchange = Self.exchange(password: bytes("secret"), account: account)
            let edits = Int.random(in: 1...6, using: &generator)
            let seeds = (0..<edits * 3).map { _ in Int.random(in: 0..<1_000_000, using: &generator) }
            exchange.change = { passing, data in
                guard passing == target else { return data }
                var changed = data
                for edit in 0..<edits {
                    let character = alphabet[seeds[edit * 3] % alphabet.count]
                    let place = seeds[edit * 3 + 1] % (changed.count + 1)
                    if seeds[edit * 3 + 2].isMultiple(of: 2) || place == changed.count {
                        changed.insert(character, at: place)
                    } else {
                        changed.remove(at: place)
                    }
                }
                return changed == data ? data + [0] : changed
            }
            let outcome = exchange.run()
            // Extensions may be added behind the server's signature; it proves the server all the same.
            if target != .serverFinal { #expect(!outcome.clientVerified) }
        }
    }

    // MARK: Channel binding

    static let certificateHash = ChannelBinding.tlsServerEndPoint([UInt8](repeating: 0xAB, count: 32))

    @Test func bindsWhereBothCan() {
        let account = ScramAccount.verifier(ScramVerifier(password: secret("secret"), salt: [1], iterations: 1))
        let outcome = Self.exchange(
            password: bytes("secret"),
            account: account,
            client: Self.certificateHash,
            server: Self.certificateHash,
            mechanism: .scramSHA256Plus,
            offered: [.scramSHA256Plus, .scramSHA256]
        ).run()
        #expect(outcome.clientVerified)
        #expect(outcome.messages[.clientFirst]?.starts(with: bytes("p=tls-server-end-point,,n=,r=")) == true)
    }

    @Test func anotherCertificateFails() {
        let account = ScramAccount.verifier(ScramVerifier(password: secret("secret"), salt: [1], iterations: 1))
        let outcome = Self.exchange(
            password: bytes("secret"),
            account: account,
            client: .tlsServerEndPoint([UInt8](repeating: 0xAC, count: 32)),
            server: Self.certificateHash,
            mechanism: .scramSHA256Plus,
            offered: [.scramSHA256Plus, .scramSHA256]
        ).run()
        #expect(outcome.serverFailure == .channelBindingMismatch)
    }

    @Test func anOfferTakenOutOnTheWayIsNoticed() {
        let account = ScramAccount.verifier(ScramVerifier(password: secret("secret"), salt: [1], iterations: 1))
        var exchange = Self.exchange(
            password: bytes("secret"),
            account: account,
            client: Self.certificateHash,
            server: Self.certificateHash,
            offered: [.scramSHA256]
        )
        #expect(exchange.run().serverFailure == .channelBindingStripped)

        // Nor does it help to turn the client's y into an n.
        exchange.change = { $0 == .clientFirst ? bytes("n") + $1.dropFirst() : $1 }
        #expect(exchange.run().serverFailure == .channelBindingMismatch)
    }

    @Test func aClientThatCouldBindTakesAServerThatCannot() {
        let account = ScramAccount.verifier(ScramVerifier(password: secret("secret"), salt: [1], iterations: 1))
        for server in [ChannelBinding.none, .supportedButUnused] {
            let exchange = Self.exchange(
                password: bytes("secret"),
                account: account,
                client: Self.certificateHash,
                server: server
            )
            let outcome = exchange.run()
            #expect(outcome.clientVerified)
            #expect(outcome.messages[.clientFirst]?.starts(with: bytes("y,,")) == true)
        }
    }

    @Test(arguments: [
        (SaslMechanism.scramSHA256, "p=tls-server-end-point,,n=,r=abc", "08P01"),
        (.scramSHA256Plus, "n,,n=,r=abc", "08P01"),
        (.scramSHA256Plus, "y,,n=,r=abc", "08P01"),
        (.scramSHA256Plus, "p=tls-unique,,n=,r=abc", "08P01"),
        (.scramSHA256, "n,a=someone,n=,r=abc", "0A000"),
        (.scramSHA256, "n,,m=ext,n=,r=abc", "0A000"),
        (.scramSHA256, "", "08P01"),
        (.scramSHA256, "n,n=,r=abc", "08P01"),
        (.scramSHA256, "x,,n=,r=abc", "08P01"),
        (.scramSHA256, "n,,r=abc", "08P01"),
        (.scramSHA256, "n,,n=,r=", "08P01"),
        (.scramSHA256, "n,,n=,r=a b", "08P01"),
        (.scramSHA256, "n,,n=,r=abc,", "08P01"),
        (.scramSHA256, "n,,n=,r=abc,x", "08P01"),
        (.scramSHA256, "n,,n=\0,r=abc", "08P01"),
    ])
    func refusedOpenings(mechanism: SaslMechanism, message: String, sqlState: String) {
        var server = ScramServer(
            user: bytes("u"),
            account: .verifier(ScramVerifier(password: secret("secret"), salt: [1], iterations: 1)),
            mechanism: mechanism,
            channelBinding: Self.certificateHash,
            nonce: ScramNonce(entropy: [1])
        )
        guard case .fail(let failure) = server.receive(bytes(message)) else {
            Issue.record("accepted \(message)")
            return
        }
        #expect(failure.sqlState == sqlState)
        guard case .fail = server.receive(bytes("n,,n=,r=abc")) else {
            Issue.record("went on after a failure")
            return
        }
    }

    @Test func extensionsAreSkippedAndLongMessagesRefused() {
        let nonce = ScramNonce(entropy: [1])
        func server() -> ScramServer {
            ScramServer(
                user: bytes("u"),
                account: .verifier(ScramVerifier(password: secret("secret"), salt: [1], iterations: 1)),
                mechanism: .scramSHA256,
                channelBinding: .none,
                nonce: nonce
            )
        }
        var first = server()
        let salt = text(Base64.encode([1]))
        #expect(first.receive(bytes("n,,n=x,r=abc,z=1")) == .send(bytes("r=abc\(text(nonce.text)),s=\(salt),i=1")))
        var second = server()
        let long = bytes("n,,n=,r=" + String(repeating: "a", count: 1017))
        #expect(
            second.receive(long) == .fail(.protocolViolation("SCRAM message is longer than 1024 bytes"))
        )
    }
}
