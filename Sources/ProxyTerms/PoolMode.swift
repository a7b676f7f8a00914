/// When a client gives its server back to the pool. Setting `pool_mode`.
package enum PoolMode: String, CaseIterable, Sendable {
    /// When it leaves.
    case session
    /// Between transactions.
    case transaction
    /// The same, and a transaction of more than one statement is refused.
    case statement
}
