/// `auth_type`: how clients prove who they are.
package enum AuthenticationMethod: String, CaseIterable, Sendable {
    case trust
    case md5
    case scramSHA256 = "scram-sha-256"
}
