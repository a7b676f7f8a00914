/// What a SCRAM server knows of the one who logs in.
package enum ScramAccount: Sendable, Hashable {
    case verifier(ScramVerifier)
    /// A plain password, to be hashed with a salt of the proxy's own when the client's proof is there.
    case password(Secret, salt: [UInt8], iterations: Int32)
    /// Nobody who could log in: the exchange goes through all the same and then fails, so that the client cannot tell
    /// an unknown user from a wrong password. `reason` is for the log.
    case mock(ScramVerifier, reason: String)

    /// An account from a plain password. The salt hangs on the user's name and `serverSecret`, so that it is the same
    /// at every login (an answer of `SaltedPasswordRequest` can be cached) and no stranger can foretell it.
    package static func password(_ password: Secret, user: [UInt8], serverSecret: Secret) -> ScramAccount {
        .password(
            password,
            salt: salt(user: user, serverSecret: serverSecret),
            iterations: ScramVerifier.defaultIterations
        )
    }

    /// An account that nobody can log in to; the same at every try, as a real one would be.
    package static func mock(user: [UInt8], serverSecret: Secret, reason: String) -> ScramAccount {
        let verifier = ScramVerifier(
            storedKey: Secret(derived("stored key", user: user, serverSecret: serverSecret)),
            serverKey: Secret(derived("server key", user: user, serverSecret: serverSecret)),
            salt: salt(user: user, serverSecret: serverSecret),
            iterations: ScramVerifier.defaultIterations
        )
        return .mock(verifier, reason: reason)
    }

    var salt: [UInt8] {
        switch self {
        case .verifier(let verifier), .mock(let verifier, _): verifier.salt
        case .password(_, let salt, _): salt
        }
    }

    var iterations: Int32 {
        switch self {
        case .verifier(let verifier), .mock(let verifier, _): verifier.iterations
        case .password(_, _, let iterations): iterations
        }
    }

    private static func salt(user: [UInt8], serverSecret: Secret) -> [UInt8] {
        Array(derived("salt", user: user, serverSecret: serverSecret).prefix(ScramVerifier.defaultSaltLength))
    }

    private static func derived(_ purpose: String, user: [UInt8], serverSecret: Secret) -> [UInt8] {
        Digest.hmacSHA256(key: serverSecret.bytes, message: Array(purpose.utf8) + [0] + user)
    }
}
