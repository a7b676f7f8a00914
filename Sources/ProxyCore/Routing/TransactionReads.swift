/// Where the reads run with which a transaction begins.
package enum TransactionReads: String, CaseIterable, Sendable {
    /// With the rest of it.
    case primary
    /// On a replica, until its first statement that is no plain read.
    case replicaUntilWrite = "replica_until_write"
}
