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

    /// A client's statement that may move a sequence is about to be sent.
    mutating func mayMove(_ client: Handle) {
        switch users {
        case .nobody: users = .one
        case .one: if last != client { users = .several }
        case .several: break
        }
        last = client
    }

    /// DISCARD SEQUENCES, or what does as much, is sent or has run.
    mutating func reset() { self = SequenceMemory() }

    /// Whether all that is remembered is the client's, and something is.
    func isOf(_ client: Handle) -> Bool { users == .one && last == client }

    /// Whether the client may use sequences and ask for them, without another's being in the way. What it has moved
    /// itself lies on top of another's only if it has: an INSERT may have moved none, or another than is asked for.
    func isFree(for client: Handle) -> Bool { users == .nobody || isOf(client) }
}
