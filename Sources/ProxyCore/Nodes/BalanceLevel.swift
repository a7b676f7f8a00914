/// When a client's reads choose among the replicas anew.
package enum BalanceLevel: UInt8, Sendable {
    /// With each statement outside a transaction, and at the beginning of each transaction.
    case statement
    /// The same: a transaction stays on its node in any case, and a statement outside is a transaction of its own.
    case transaction
    /// With the first of a session; the next choice is made when that replica cannot be used.
    case session
}
