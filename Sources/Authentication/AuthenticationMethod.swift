/// How clients prove who they are: the setting `auth_type`.
package enum AuthenticationMethod: String, Sendable, Hashable, CaseIterable {
    /// Not at all.
    case trust
    /// Not at all, and the name that a client gives is not used for the server either. The machine here treats it as
    /// `trust`; which user logs in to the server is the pool's affair.
    case any
    /// By MD5, for users whose secret is plain or md5; by SCRAM for those with a SCRAM verifier.
    case md5
    /// By SCRAM-SHA-256, for users whose secret is plain or a SCRAM verifier.
    case scramSHA256 = "scram-sha-256"
}
