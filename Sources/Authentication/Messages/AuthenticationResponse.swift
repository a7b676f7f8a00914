/// What a client answers to an `AuthenticationRequest`: the messages that begin with `p`, whose meaning hangs on what
/// was asked. PostgreSQL documentation, 55.7.
package enum AuthenticationResponse: Sendable, Hashable {
    /// PasswordMessage: the password, or its md5 answer, without the terminating zero byte.
    case password(Secret)
    case saslInitial(SaslMechanism, [UInt8])
    case saslResponse([UInt8])

    /// The body of the `p` message: all behind its length.
    package func encodeBody() -> [UInt8] {
        switch self {
        case .password(let password):
            password.bytes + [0]
        case .saslInitial(let mechanism, let data):
            mechanism.name + [0] + NetworkOrder.bytes(UInt32(data.count)) + data
        case .saslResponse(let data):
            data
        }
    }

    /// Reads the body of a PasswordMessage.
    static func decodePassword(body: [UInt8]) throws(MalformedAuthenticationMessage) -> Secret {
        guard body.firstIndex(of: 0) == body.count - 1 else {
            throw MalformedAuthenticationMessage("invalid password packet size")
        }
        return Secret(Array(body.dropLast()))
    }

    /// Reads the body of a SASLInitialResponse; the data are nil where the client has sent none.
    static func decodeSaslInitial(
        body: [UInt8]
    ) throws(MalformedAuthenticationMessage) -> (SaslMechanism, data: [UInt8]?) {
        guard let end = body.firstIndex(of: 0), body.count >= end + 5 else {
            throw MalformedAuthenticationMessage("invalid SASLInitialResponse")
        }
        let mechanism = SaslMechanism(name: Array(body[..<end]))
        let length = NetworkOrder.uint32(body[(end + 1)..<(end + 5)])
        let data = Array(body[(end + 5)...])
        if length == UInt32.max, data.isEmpty { return (mechanism, nil) }
        guard Int(length) == data.count else {
            throw MalformedAuthenticationMessage("invalid SASLInitialResponse")
        }
        return (mechanism, data)
    }
}
