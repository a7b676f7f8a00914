/// The server's side of one SCRAM-SHA-256 exchange, towards a client. PostgreSQL documentation, 55.3.1; RFC 5802 and
/// RFC 7677.
///
/// Messages come and go as the bare SASL data, without PostgreSQL's framing. Once it has failed or finished, anything
/// more fails.
package struct ScramServer: Sendable {
    /// What to do next.
    package enum Step: Sendable, Hashable {
        /// Send this as AuthenticationSASLContinue and wait for the client's next message.
        case send([UInt8])
        /// Have this derived, then call `resume(saltedPassword:)`.
        case deriveKey(SaltedPasswordRequest)
        /// The client has proved itself: send this as AuthenticationSASLFinal. The keys are what a SCRAM client would
        /// need to log in to a server that has the same verifier.
        case finish([UInt8], ScramKeys)
        case fail(AuthenticationFailure)
    }

    /// Bytes in the longest message that a client may send; PostgreSQL draws the same line.
    package static let messageLengthLimit = 1024

    private enum State: Sendable {
        case awaitingClientFirst
        case awaitingClientFinal(ScramClientFirstMessage, ScramServerFirstMessage)
        case awaitingSaltedPassword(ScramServerFirstMessage, authMessage: [UInt8], proof: [UInt8])
        case finished
    }

    private let user: [UInt8]
    private let account: ScramAccount
    private let mechanism: SaslMechanism
    private let channelBinding: ChannelBinding
    private let nonce: ScramNonce
    private var state = State.awaitingClientFirst

    /// - Parameters:
    ///   - user: as the startup packet has it; the name inside the SCRAM message is not looked at, as in PostgreSQL.
    ///   - mechanism: the one that the client has chosen of `offeredMechanisms(channelBinding:)`.
    ///   - channelBinding: what this side could bind; `tlsServerEndPoint` is what makes the PLUS mechanism available.
    package init(
        user: [UInt8],
        account: ScramAccount,
        mechanism: SaslMechanism,
        channelBinding: ChannelBinding,
        nonce: ScramNonce
    ) {
        self.user = user
        self.account = account
        self.mechanism = mechanism
        self.channelBinding = channelBinding
        self.nonce = nonce
    }

    /// What AuthenticationSASL lists, the most wanted first.
    package static func offeredMechanisms(channelBinding: ChannelBinding) -> [SaslMechanism] {
        switch channelBinding {
        case .none, .supportedButUnused: [.scramSHA256]
        case .tlsServerEndPoint: [.scramSHA256Plus, .scramSHA256]
        }
    }

    /// Takes the client's next message.
    package mutating func receive(_ message: [UInt8]) -> Step {
        guard message.count <= Self.messageLengthLimit else {
            return fail(.protocolViolation("SCRAM message is longer than \(Self.messageLengthLimit) bytes"))
        }
        do throws(ScramSyntaxError) {
            switch state {
            case .awaitingClientFirst:
                return receiveClientFirst(try ScramClientFirstMessage(parsing: message))
            case .awaitingClientFinal(let clientFirst, let serverFirst):
                let clientFinal = try ScramClientFinalMessage(parsing: message)
                return receiveClientFinal(clientFinal, clientFirst: clientFirst, serverFirst: serverFirst)
            case .awaitingSaltedPassword, .finished:
                return fail(.protocolViolation("unexpected SASL response"))
            }
        } catch {
            switch error {
            case .malformed(let detail):
                return fail(.protocolViolation("malformed SCRAM message", detail: detail))
            case .unsupported(let message):
                return fail(.unsupported(message))
            }
        }
    }

    /// Takes the answer to `deriveKey`.
    package mutating func resume(saltedPassword: SaltedPassword) -> Step {
        guard case .awaitingSaltedPassword(let serverFirst, let authMessage, let proof) = state else {
            return fail(.protocolViolation("unexpected SASL response"))
        }
        let verifier = ScramVerifier(saltedPassword, salt: serverFirst.salt, iterations: serverFirst.iterations)
        return finish(verifier, authMessage: authMessage, proof: proof)
    }

    private mutating func receiveClientFirst(_ clientFirst: ScramClientFirstMessage) -> Step {
        if let failure = bindingFailure(clientFirst.bindingFlag) { return fail(failure) }
        let serverFirst = ScramServerFirstMessage(
            nonce: clientFirst.nonce + nonce.text,
            salt: account.salt,
            iterations: account.iterations
        )
        state = .awaitingClientFinal(clientFirst, serverFirst)
        return .send(serverFirst.text)
    }

    private mutating func receiveClientFinal(
        _ clientFinal: ScramClientFinalMessage,
        clientFirst: ScramClientFirstMessage,
        serverFirst: ScramServerFirstMessage
    ) -> Step {
        let expectedBinding =
            switch clientFirst.bindingFlag {
            case .unsupported, .supportedButUnused: clientFirst.gs2Header
            case .tlsServerEndPoint: clientFirst.gs2Header + channelBinding.bindingData
            }
        guard Digest.areEqual(clientFinal.channelBinding, expectedBinding) else {
            return fail(.channelBindingMismatch)
        }
        guard Digest.areEqual(clientFinal.nonce, serverFirst.nonce) else {
            return fail(.protocolViolation("invalid SCRAM response", detail: "Nonce does not match."))
        }

        let comma = [UInt8(ascii: ",")]
        let authMessage = clientFirst.bare + comma + serverFirst.text + comma + clientFinal.withoutProof
        switch account {
        case .verifier(let verifier):
            return finish(verifier, authMessage: authMessage, proof: clientFinal.proof)
        case .password(let password, let salt, let iterations):
            state = .awaitingSaltedPassword(serverFirst, authMessage: authMessage, proof: clientFinal.proof)
            return .deriveKey(SaltedPasswordRequest(password: password, salt: salt, iterations: iterations))
        case .mock(let verifier, let reason):
            // The same work as for a real account, so that the time tells nothing.
            _ = verifier.clientKey(proof: clientFinal.proof, authMessage: authMessage)
            return fail(.invalidPassword(user: user, logDetail: reason))
        }
    }

    private mutating func finish(_ verifier: ScramVerifier, authMessage: [UInt8], proof: [UInt8]) -> Step {
        guard let clientKey = verifier.clientKey(proof: proof, authMessage: authMessage) else {
            return fail(.wrongPassword(user: user))
        }
        state = .finished
        let keys = ScramKeys(
            clientKey: clientKey,
            serverKey: verifier.serverKey,
            salt: verifier.salt,
            iterations: verifier.iterations
        )
        return .finish(
            ScramServerFinalMessage.text(signature: verifier.serverSignature(authMessage: authMessage)),
            keys
        )
    }

    /// What is wrong with the client's word on channel binding, given the mechanism that it chose.
    private func bindingFailure(_ flag: ScramClientFirstMessage.BindingFlag) -> AuthenticationFailure? {
        switch (flag, mechanism) {
        case (.tlsServerEndPoint, .scramSHA256Plus):
            return nil
        case (.tlsServerEndPoint, _):
            return .protocolViolation(
                "malformed SCRAM message",
                detail: "The client selected \(mechanism), but the SCRAM message includes channel binding data."
            )
        case (_, .scramSHA256Plus):
            return .protocolViolation(
                "malformed SCRAM message",
                detail: "The client selected \(mechanism), but the SCRAM message does not include channel binding data."
            )
        case (.supportedButUnused, _):
            // The client would have bound, had it seen the offer: someone between has taken it out of the list.
            guard case .tlsServerEndPoint = channelBinding else { return nil }
            return .channelBindingStripped
        case (.unsupported, _):
            return nil
        }
    }

    private mutating func fail(_ failure: AuthenticationFailure) -> Step {
        state = .finished
        return .fail(failure)
    }
}
