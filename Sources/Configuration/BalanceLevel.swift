/// When a client's reads choose among the replicas anew.
package enum BalanceLevel: String, CaseIterable, Sendable {
    case statement
    case transaction
    case session
}
