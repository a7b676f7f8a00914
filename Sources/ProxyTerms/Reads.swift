/// Which writes a session's reads must see. Setting `read_your_writes`.
package enum ReadYourWrites: String, CaseIterable, Sendable {
    /// Its own.
    case session
    /// Every write that has passed through the proxy.
    case global
    /// None in particular.
    case eventual
}

/// Where the reads run with which a transaction begins. Setting `transaction_reads`.
package enum TransactionReads: String, CaseIterable, Sendable {
    /// With the rest of it.
    case primary
    /// On a replica, until its first statement that is no plain read.
    case replicaUntilWrite = "replica_until_write"
}

/// Where a pinned session's plain reads run to which what it is pinned for does not matter. Setting `pinned_reads`.
package enum PinnedReads: String, CaseIterable, Sendable {
    /// On its server, like all else.
    case primary
    /// On a replica, where one is free.
    case replica
}

/// When a client's reads choose among the replicas anew. Setting `balance_level`.
package enum BalanceLevel: String, CaseIterable, Sendable {
    /// With each statement outside a transaction, and at the beginning of each transaction.
    case statement
    /// The same: a transaction stays on its node in any case, and a statement outside is a transaction of its own.
    case transaction
    /// With the first of a session; the next choice is made when that replica cannot be used.
    case session
}
