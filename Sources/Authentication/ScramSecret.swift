/// What a SCRAM client logs in with.
package enum ScramSecret: Sendable, Hashable {
    case password(Secret)
    /// Good only where the server uses the same salt and iteration count.
    case keys(ScramKeys)
}
