import ProxyCore

/// One connection of the engine's, with the bytes that are under way on it.
package final class Link {
    package enum Kind: Sendable, Equatable {
        case client
        case server(node: Int)
        case canceller(node: Int)
    }

    package enum Phase: Sendable {
        case connecting
        case open
        /// The engine has asked to close it; what is left is still sent where it wanted that.
        case closing
        case closed
    }

    package let id: TransportID
    package let kind: Kind
    package internal(set) var token: PeerToken
    package internal(set) var phase: Phase
    package internal(set) var isPaused = false
    package internal(set) var isBacklogged = false
    /// Bytes that the engine has not received yet.
    package var toEngine: [UInt8] = []
    /// Bytes that the engine has sent and the peer not read.
    package var fromEngine: [UInt8] = []
    /// The peer has closed: the engine hears of it once `toEngine` is empty.
    package var peerHasClosed = false

    init(id: TransportID, kind: Kind, token: PeerToken, phase: Phase) {
        self.id = id
        self.kind = kind
        self.token = token
        self.phase = phase
    }
}
