/// When a client gives its server back to the pool.
package enum PoolMode: String, CaseIterable, Sendable {
    case session
    case transaction
    case statement
}
