import Bytes

/// The engine's name of one end of a connection, in 64 bits, so that the poller's user data can carry it.
package struct PeerToken: Sendable, Hashable, BitwiseCopyable {
    package enum Kind: UInt64, Sendable {
        case client = 0
        case server = 1
        case canceller = 2
    }

    package let rawValue: UInt64

    private static let kindShift: UInt64 = 62

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Generations wrap at 30 bits: two tenants of a slot with one token are a billion connections apart.
    init(_ kind: Kind, _ handle: Handle) {
        rawValue = kind.rawValue << Self.kindShift | handle.rawValue & (1 << Self.kindShift - 1)
    }

    var kind: Kind? { Kind(rawValue: rawValue >> Self.kindShift) }

    var handle: Handle { Handle(rawValue: rawValue & (1 << Self.kindShift - 1)) }
}

/// The shell's name of a connection; the engine only hands it back.
package struct TransportID: Sendable, Hashable, BitwiseCopyable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let none = TransportID(rawValue: 0)
}
