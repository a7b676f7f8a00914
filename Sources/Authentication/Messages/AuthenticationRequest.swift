/// What a server asks of a client: the messages that begin with `R`. PostgreSQL documentation, 55.7.
package enum AuthenticationRequest: Sendable, Hashable {
    case ok
    case cleartext
    /// The salt in the order in which it is sent.
    case md5(salt: UInt32)
    /// The most wanted first.
    case sasl([SaslMechanism])
    case saslContinue([UInt8])
    case saslFinal([UInt8])
    /// A method that Howdah does not speak, by its code.
    case unsupported(UInt32)

    /// Reads the body of an `R` message: all behind its length.
    package static func decode(body: [UInt8]) throws(MalformedAuthenticationMessage) -> AuthenticationRequest {
        guard body.count >= 4 else { throw MalformedAuthenticationMessage("it has no code") }
        let rest = Array(body.dropFirst(4))
        let code = NetworkOrder.uint32(body.prefix(4))
        switch Code(rawValue: code) {
        case .ok:
            guard rest.isEmpty else { throw MalformedAuthenticationMessage("AuthenticationOk is too long") }
            return .ok
        case .cleartext:
            guard rest.isEmpty else {
                throw MalformedAuthenticationMessage("AuthenticationCleartextPassword is too long")
            }
            return .cleartext
        case .md5:
            guard rest.count == 4 else {
                throw MalformedAuthenticationMessage("the salt of AuthenticationMD5Password is not of four bytes")
            }
            return .md5(salt: NetworkOrder.uint32(rest[...]))
        case .sasl:
            return .sasl(try mechanisms(rest))
        case .saslContinue:
            return .saslContinue(rest)
        case .saslFinal:
            return .saslFinal(rest)
        case nil:
            return .unsupported(code)
        }
    }

    /// The body of the `R` message: all behind its length.
    package func encodeBody() -> [UInt8] {
        switch self {
        case .ok: NetworkOrder.bytes(Code.ok.rawValue)
        case .cleartext: NetworkOrder.bytes(Code.cleartext.rawValue)
        case .md5(let salt): NetworkOrder.bytes(Code.md5.rawValue) + NetworkOrder.bytes(salt)
        case .sasl(let mechanisms):
            NetworkOrder.bytes(Code.sasl.rawValue) + mechanisms.flatMap { $0.name + [0] } + [0]
        case .saslContinue(let data): NetworkOrder.bytes(Code.saslContinue.rawValue) + data
        case .saslFinal(let data): NetworkOrder.bytes(Code.saslFinal.rawValue) + data
        case .unsupported(let code): NetworkOrder.bytes(code)
        }
    }

    private enum Code: UInt32 {
        case ok = 0
        case cleartext = 3
        case md5 = 5
        case sasl = 10
        case saslContinue = 11
        case saslFinal = 12
    }

    /// The name of a method that Howdah does not speak.
    static func unsupportedMethodName(_ code: UInt32) -> String {
        switch code {
        case 2: "Kerberos V5"
        case 6: "SCM credential"
        case 7, 8: "GSSAPI"
        case 9: "SSPI"
        default: "type \(code)"
        }
    }

    /// Zero-terminated names, and a zero byte behind the last.
    private static func mechanisms(_ list: [UInt8]) throws(MalformedAuthenticationMessage) -> [SaslMechanism] {
        let names = list.split(separator: 0, omittingEmptySubsequences: false)
        // The two terminators at the end leave two empty pieces behind them.
        guard names.count >= 2, names.suffix(2).allSatisfy(\.isEmpty), !names.dropLast(2).contains(where: \.isEmpty)
        else { throw MalformedAuthenticationMessage("the list of AuthenticationSASL does not end") }
        return names.dropLast(2).map { SaslMechanism(name: Array($0)) }
    }
}

/// An authentication message that is not as PostgreSQL documentation, 55.7, has it.
package struct MalformedAuthenticationMessage: Error, Sendable, Hashable {
    /// What is wrong with it.
    package let detail: String

    init(_ detail: String) {
        self.detail = detail
    }
}

/// Integers as the protocol sends them: the most significant byte first.
enum NetworkOrder {
    static func bytes(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
    }

    static func uint32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
