/// How clients prove who they are. Setting `auth_type`.
package enum AuthenticationMethod: String, CaseIterable, Sendable {
    /// Not at all.
    case trust
    /// By MD5, for users whose secret is plain or md5; by SCRAM for those with a SCRAM verifier.
    case md5
    /// By SCRAM-SHA-256, for users whose secret is plain or a SCRAM verifier.
    case scramSHA256 = "scram-sha-256"
}
