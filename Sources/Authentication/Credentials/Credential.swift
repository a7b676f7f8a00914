/// A user's secret, as auth_file has it. Prints without it.
package enum Credential: Sendable, Hashable {
    /// Serves every method, towards clients and servers.
    case plain(Secret)
    /// Serves md5, on both sides.
    case md5(MD5Password)
    /// Checks clients by SCRAM; does not log in to servers.
    case scram(ScramVerifier)
    /// The user is listed with an empty secret and can use no password method; PostgreSQL lets nobody in with an empty
    /// password.
    case noPassword

    /// From the text of a secret, told apart as PostgreSQL tells them. Nil where it begins as a SCRAM verifier does and
    /// is none; PostgreSQL would take that for a plain password, but in a list of secrets it is a damaged line.
    package init?(parsing secret: [UInt8]) {
        if secret.isEmpty {
            self = .noPassword
        } else if secret.starts(with: ScramVerifier.prefix) {
            guard let verifier = ScramVerifier(parsing: secret) else { return nil }
            self = .scram(verifier)
        } else if let password = MD5Password(parsing: secret) {
            self = .md5(password)
        } else {
            self = .plain(Secret(secret))
        }
    }
}
