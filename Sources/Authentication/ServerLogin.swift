/// What there is to log in to a server with.
package enum ServerLogin: Sendable, Hashable {
    /// Nothing: only a server that trusts will let us in.
    case nothing
    /// A line of auth_file.
    case credential(Credential)
    /// What the client's own SCRAM log-in gave away.
    case scramKeys(ScramKeys)
}
