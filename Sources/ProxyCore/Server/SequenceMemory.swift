import Bytes

/// Whose use of sequences a server's session remembers: what currval and lastval would answer there (PostgreSQL
/// documentation, 9.17). Where that may be another client's it has to be forgotten before anybody asks.
struct SequenceMemory: BitwiseCopyable, Equatable {
    private enum Users: UInt8, BitwiseCopyable {
        case nobody
        /// `last` alone.
        case one
        /// `last` and others before.
        case several
    }

    private var users = Users.nobody
    private var last = Handle.none
    /// `last` has used one since it has the server.
    private var isFresh = false

    /// A client's statement that may move a sequence is about to be sent.
    mutating func mayMove(_ client: Handle) {
        isFresh = true
        switch users {
        case .nobody: users = .one
        case .one: if last != client { users = .several }
        case .several: break
        }
        last = client
    }

    /// DISCARD SEQUENCES, or what does as much, is sent or has run.
    mutating func reset() { self = SequenceMemory() }

    /// Another client gets the server, or the same one again.
    mutating func isHandedOver() { isFresh = false }

    /// Whether all that is remembered is the client's, and something is.
    func isOf(_ client: Handle) -> Bool { users == .one && last == client }

    /// Whether the client may ask as it is: nothing of anybody else's is there, or what the client has used last, in
    /// the transaction under way, lies on top of it.
    func serves(_ client: Handle) -> Bool {
        users == .nobody || isOf(client) || (last == client && isFresh)
    }

    /// Whether the client may use sequences, and ask for them later, without another's being in the way.
    func isFree(for client: Handle) -> Bool { users == .nobody || isOf(client) }
}
