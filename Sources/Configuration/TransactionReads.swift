/// Where the reads run with which a transaction begins.
package enum TransactionReads: String, CaseIterable, Sendable {
    case primary
    case replicaUntilWrite = "replica_until_write"
}
