/// The slow part of SCRAM, to be done where it makes nobody wait: a password, hashed with a salt many times over.
///
/// Equal requests have equal answers, so the request is also the key under which an answer may be cached (in memory
/// only: both it and the answer are secrets).
package struct SaltedPasswordRequest: Sendable, Hashable {
    /// The password after SASLprep.
    private let password: Secret
    package let salt: [UInt8]
    package let iterations: Int32

    /// - Parameter iterations: 1 at least.
    package init(password: Secret, salt: [UInt8], iterations: Int32) {
        precondition(iterations > 0, "a SCRAM iteration count is positive")
        self.password = Secret(SaslPrep.prepare(password.bytes))
        self.salt = salt
        self.iterations = iterations
    }

    /// RFC 5802's SaltedPassword. Takes time in proportion to `iterations`: about a millisecond for 4,096.
    package func derive() -> SaltedPassword {
        SaltedPassword(
            key: Secret(Digest.pbkdf2SHA256(password: password.bytes, salt: salt, iterations: iterations))
        )
    }
}

/// RFC 5802's SaltedPassword, from which both of an account's keys are made. As good as the password itself.
package struct SaltedPassword: Sendable, Hashable {
    /// 32 bytes.
    package let key: Secret

    init(key: Secret) {
        self.key = key
    }

    var clientKey: [UInt8] { Digest.hmacSHA256(key: key.bytes, message: Array("Client Key".utf8)) }
    var serverKey: [UInt8] { Digest.hmacSHA256(key: key.bytes, message: Array("Server Key".utf8)) }
}
