/// What etcd is asked.
package enum CoordinationRequest: Sendable, Equatable {
    /// A lease of so many seconds.
    case grant(seconds: Int)
    case keepAlive(lease: Int64)
    /// How long a lease has yet, another proxy's: whoever lives renews it each second.
    case remaining(lease: Int64)
    case exchange(CoordinationExchange)
}
