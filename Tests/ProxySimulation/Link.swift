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

    /// What the peer still does.
    package enum Peer: Sendable {
        case there
        /// It has shut its sending side and reads on: the engine hears of it once `toEngine` is empty.
        case shut
        /// The same, and the engine has heard of it.
        case heardShut
        /// It has closed, and what it sent before arrives.
        case closed
        /// The connection is lost: of what it sent before some may be, too.
        case lost
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
    package internal(set) var peer = Peer.there

    init(id: TransportID, kind: Kind, token: PeerToken, phase: Phase) {
        self.id = id
        self.kind = kind
        self.token = token
        self.phase = phase
    }

    /// Whether nobody is at the other end any more.
    var isAbandoned: Bool {
        switch peer {
        case .there, .shut, .heardShut: false
        case .closed, .lost: true
        }
    }
}
