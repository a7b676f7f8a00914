/// A SASL mechanism by its registered name. PostgreSQL documentation, 55.3.
package enum SaslMechanism: Sendable, Hashable {
    case scramSHA256
    /// With channel binding; offered only on a connection with TLS.
    case scramSHA256Plus
    /// One that this module does not speak.
    case other([UInt8])

    package init(name: [UInt8]) {
        self = Self.known.first { $0.name == name } ?? .other(name)
    }

    package var name: [UInt8] {
        switch self {
        case .scramSHA256: Array("SCRAM-SHA-256".utf8)
        case .scramSHA256Plus: Array("SCRAM-SHA-256-PLUS".utf8)
        case .other(let name): name
        }
    }

    private static let known: [SaslMechanism] = [.scramSHA256, .scramSHA256Plus]
}

extension SaslMechanism: CustomStringConvertible {
    package var description: String { String(decoding: name, as: UTF8.self) }
}
