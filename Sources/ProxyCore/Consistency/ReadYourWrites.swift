/// Which writes a session's reads must see. Setting `read_your_writes`.
package enum ReadYourWrites: String, Sendable, CaseIterable {
    /// Its own.
    case session
    /// Every write that has passed through the proxy.
    case global
    /// None in particular.
    case eventual
}
