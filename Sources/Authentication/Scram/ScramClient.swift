import Bytes

/// The client's side of one SCRAM-SHA-256 exchange, towards a server. PostgreSQL documentation, 55.3.1; RFC 5802 and
/// RFC 7677.
///
/// Messages come and go as the bare SASL data, without PostgreSQL's framing. The server is authenticated too: only
/// `verified` says that it knows the password. Once it has failed or finished, anything more fails.
package struct ScramClient: Sendable {
    /// What to do next.
    package enum Step: Sendable, Hashable {
        /// Send this as SASLInitialResponse.
        case sendInitial(SaslMechanism, [UInt8])
        /// Have this derived, then call `resume(saltedPassword:)`.
        case deriveKey(SaltedPasswordRequest)
        /// Send this as SASLResponse.
        case send([UInt8])
        /// The server has proved itself; AuthenticationOk is next.
        case verified
        case fail(ServerAuthenticationFailure)
    }

    /// An iteration count that no honest server has: at a million iterations a log-in takes a good part of a second of
    /// processor time.
    package static let defaultIterationLimit: Int32 = 1_000_000

    private struct Opening: Sendable {
        let bare: [UInt8]
        let binding: ChannelBinding
    }

    private enum State: Sendable {
        case idle
        case awaitingServerFirst(Opening)
        case awaitingSaltedPassword(Opening, ScramServerFirstMessage)
        case awaitingServerFinal(signature: [UInt8])
        case finished
    }

    private let user: [UInt8]
    private let secret: ScramSecret
    private let nonce: ScramNonce
    private let channelBinding: ChannelBinding
    private let iterationLimit: Int32
    private var state = State.idle

    /// - Parameters:
    ///   - user: the name inside the SCRAM message. PostgreSQL does not look at it, and libpq sends an empty one.
    ///   - channelBinding: `tlsServerEndPoint` on a connection with TLS; it is used where the server offers it.
    ///   - iterationLimit: a server that asks for more iterations is refused.
    package init(
        user: [UInt8] = [],
        secret: ScramSecret,
        nonce: ScramNonce,
        channelBinding: ChannelBinding,
        iterationLimit: Int32 = ScramClient.defaultIterationLimit
    ) {
        self.user = user
        self.secret = secret
        self.nonce = nonce
        self.channelBinding = channelBinding
        self.iterationLimit = iterationLimit
    }

    /// Chooses among the mechanisms of AuthenticationSASL and opens the exchange.
    package mutating func start(offered: [SaslMechanism]) -> Step {
        guard case .idle = state else { return fail(.protocolViolation("a second list of SASL mechanisms")) }
        let offersBinding = offered.contains(.scramSHA256Plus)
        let mechanism: SaslMechanism
        let binding: ChannelBinding
        switch channelBinding {
        case .tlsServerEndPoint where offersBinding:
            mechanism = .scramSHA256Plus
            binding = channelBinding
        case .tlsServerEndPoint, .supportedButUnused:
            mechanism = .scramSHA256
            binding = offersBinding ? .none : .supportedButUnused
        case .none:
            mechanism = .scramSHA256
            binding = .none
        }
        guard offered.contains(mechanism) else { return fail(.noCommonMechanism(offered)) }

        let bare = Array("n=".utf8) + Self.saslName(user) + Array(",r=".utf8) + nonce.text
        state = .awaitingServerFirst(Opening(bare: bare, binding: binding))
        return .sendInitial(mechanism, binding.gs2Header + bare)
    }

    /// Takes the data of AuthenticationSASLContinue.
    package mutating func receiveContinue(_ message: [UInt8]) -> Step {
        guard case .awaitingServerFirst(let opening) = state else {
            return fail(.protocolViolation("AuthenticationSASLContinue out of turn"))
        }
        let serverFirst: ScramServerFirstMessage
        do throws(ScramSyntaxError) {
            serverFirst = try ScramServerFirstMessage(parsing: message)
        } catch {
            return fail(.malformedScramMessage(error))
        }
        guard serverFirst.nonce.starts(with: nonce.text), serverFirst.nonce.count > nonce.text.count else {
            return fail(.protocolViolation("the nonce does not begin with the one that was sent"))
        }
        guard serverFirst.iterations <= iterationLimit else {
            return fail(.tooManyIterations(serverFirst.iterations, limit: iterationLimit))
        }
        switch secret {
        case .password(let password):
            state = .awaitingSaltedPassword(opening, serverFirst)
            return .deriveKey(
                SaltedPasswordRequest(password: password, salt: serverFirst.salt, iterations: serverFirst.iterations)
            )
        case .keys(let keys):
            guard keys.salt == serverFirst.salt, keys.iterations == serverFirst.iterations else {
                return fail(.keysOfAnotherVerifier)
            }
            return respond(with: keys, opening: opening, serverFirst: serverFirst)
        }
    }

    /// Takes the answer to `deriveKey`.
    package mutating func resume(saltedPassword: SaltedPassword) -> Step {
        guard case .awaitingSaltedPassword(let opening, let serverFirst) = state else {
            return fail(.protocolViolation("a derived key out of turn"))
        }
        let keys = ScramKeys(saltedPassword, salt: serverFirst.salt, iterations: serverFirst.iterations)
        return respond(with: keys, opening: opening, serverFirst: serverFirst)
    }

    /// Takes the data of AuthenticationSASLFinal.
    package mutating func receiveFinal(_ message: [UInt8]) -> Step {
        guard case .awaitingServerFinal(let signature) = state else {
            return fail(.protocolViolation("AuthenticationSASLFinal out of turn"))
        }
        do throws(ScramSyntaxError) {
            switch try ScramServerFinalMessage(parsing: message) {
            case .signature(let received):
                guard Digest.areEqual(received, signature) else { return fail(.serverSignatureMismatch) }
                state = .finished
                return .verified
            case .error(let text):
                return fail(.refusedByServer(String(decoding: text, as: UTF8.self)))
            }
        } catch {
            return fail(.malformedScramMessage(error))
        }
    }

    private mutating func respond(
        with keys: ScramKeys,
        opening: Opening,
        serverFirst: ScramServerFirstMessage
    ) -> Step {
        let withoutProof = ScramClientFinalMessage.withoutProof(
            channelBinding: opening.binding.gs2Header + opening.binding.bindingData,
            nonce: serverFirst.nonce
        )
        let comma = [UInt8(ascii: ",")]
        let authMessage = opening.bare + comma + serverFirst.text + comma + withoutProof
        state = .awaitingServerFinal(signature: keys.serverSignature(authMessage: authMessage))
        return .send(withoutProof + Array(",p=".utf8) + Base64.encode(keys.proof(authMessage: authMessage)))
    }

    private mutating func fail(_ failure: ServerAuthenticationFailure) -> Step {
        state = .finished
        return .fail(failure)
    }

    /// RFC 5802's `saslname`: the two characters that would end or begin something are spelled out.
    private static func saslName(_ name: [UInt8]) -> [UInt8] {
        name.flatMap { character in
            switch character {
            case UInt8(ascii: ","): Array("=2C".utf8)
            case UInt8(ascii: "="): Array("=3D".utf8)
            default: [character]
            }
        }
    }
}

/// What a SCRAM client logs in with.
package enum ScramSecret: Sendable, Hashable {
    case password(Secret)
    /// Good only where the server uses the same salt and iteration count.
    case keys(ScramKeys)
}
