/// Why Howdah could not log in to a server, beside the server's own ErrorResponse.
package enum ServerAuthenticationFailure: Error, Sendable, Hashable {
    /// The server wants a secret and there is none for the user.
    case secretMissing(user: [UInt8], asked: String)
    /// There is a secret, but not of a kind that can answer what the server asks.
    case secretUnsuitable(user: [UInt8], asked: String, stored: String)
    /// The keys that the client's own log-in gave away belong to another verifier than the server's.
    case keysOfAnotherVerifier
    case cleartextRefused(user: [UInt8])
    case md5Unavailable
    /// A method that is not spoken here (GSSAPI, SSPI, Kerberos, SCM credentials), by name.
    case methodUnsupported(String)
    case noCommonMechanism([SaslMechanism])
    case tooManyIterations(Int32, limit: Int32)
    /// The server does not know the password: it may be an impostor.
    case serverSignatureMismatch
    /// AuthenticationOk came before the server had proved itself.
    case serverUnproven
    /// The server's SCRAM error.
    case refusedByServer(String)
    case protocolViolation(String)

    static func malformedScramMessage(_ error: ScramSyntaxError) -> ServerAuthenticationFailure {
        switch error {
        case .malformed(let detail): .protocolViolation("malformed SCRAM message: \(detail)")
        case .unsupported: .protocolViolation("the server requires an unsupported SCRAM extension")
        }
    }

    /// One sentence in lower case and without a full stop, as PostgreSQL's messages are. Holds no secret.
    package var message: String {
        switch self {
        case .secretMissing(let user, let asked):
            "the server asks for \(asked), but auth_file has no secret for user \(AuthenticationFailure.quoted(user))"
        case .secretUnsuitable(let user, let asked, let stored):
            "the server asks for \(asked), but auth_file has only \(stored) for user "
                + AuthenticationFailure.quoted(user)
        case .keysOfAnotherVerifier:
            "the server's SCRAM verifier is not the one that the client has logged in with"
        case .cleartextRefused(let user):
            "the server asks for the password of user \(AuthenticationFailure.quoted(user)) in clear text"
        case .md5Unavailable:
            "the server asks for md5, but OpenSSL does not allow MD5 on this machine"
        case .methodUnsupported(let method):
            "the server asks for \(method) authentication, which is not supported"
        case .noCommonMechanism(let offered):
            "the server offers no supported SASL mechanism (it offers "
                + "\(offered.map(\.description).joined(separator: ", ")))"
        case .tooManyIterations(let iterations, let limit):
            "the server asks for \(iterations) SCRAM iterations, more than the limit of \(limit)"
        case .serverSignatureMismatch:
            "the server's SCRAM signature is wrong: it does not know the password"
        case .serverUnproven:
            "the server ended the SCRAM exchange without proving that it knows the password"
        case .refusedByServer(let text):
            "the server refused the SCRAM exchange: \(text)"
        case .protocolViolation(let what):
            "authentication protocol violation by the server: \(what)"
        }
    }

    /// What mends it, where that is known.
    package var hint: String? {
        switch self {
        case .secretMissing(let user, _):
            "Add a line with \(AuthenticationFailure.quoted(user)) and the plain password to auth_file."
        case .secretUnsuitable(let user, _, _):
            "Put the plain password of \(AuthenticationFailure.quoted(user)) into auth_file."
        case .keysOfAnotherVerifier:
            "Copy rolpassword of pg_authid from this server into auth_file, or put the plain password there."
        case .cleartextRefused:
            "Use scram-sha-256 in the server's pg_hba.conf."
        case .md5Unavailable:
            "Use scram-sha-256 in the server's pg_hba.conf, and set the password anew with "
                + "password_encryption = 'scram-sha-256'."
        case .methodUnsupported, .noCommonMechanism:
            "Use scram-sha-256 for this user and address in the server's pg_hba.conf."
        case .tooManyIterations:
            "Set the password anew on the server with a smaller scram_iterations."
        case .serverSignatureMismatch, .serverUnproven:
            "Check that the node's address leads to the right server."
        case .refusedByServer, .protocolViolation:
            nil
        }
    }
}
