/// What other threads tell Patroni's thread.
enum PatroniMessage: Sendable {
    /// Whether there is a node to write to.
    case primary(isKnown: Bool)
}
