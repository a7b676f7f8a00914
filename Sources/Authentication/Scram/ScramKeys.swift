/// What a SCRAM client needs in place of the password, for one salt and iteration count.
///
/// A server that has just authenticated a client knows these too (the client's proof gives the client key away to
/// whoever holds the stored key), which is what lets a proxy log in to a server with the same verifier, though it has
/// never seen the password.
package struct ScramKeys: Sendable, Hashable {
    package let clientKey: Secret
    package let serverKey: Secret
    package let salt: [UInt8]
    package let iterations: Int32

    package init(clientKey: Secret, serverKey: Secret, salt: [UInt8], iterations: Int32) {
        self.clientKey = clientKey
        self.serverKey = serverKey
        self.salt = salt
        self.iterations = iterations
    }

    init(_ saltedPassword: SaltedPassword, salt: [UInt8], iterations: Int32) {
        self.init(
            clientKey: Secret(saltedPassword.clientKey),
            serverKey: Secret(saltedPassword.serverKey),
            salt: salt,
            iterations: iterations
        )
    }

    /// The proof that goes with `authMessage`: the client key, masked with a signature that only a holder of the stored
    /// key can make.
    func proof(authMessage: [UInt8]) -> [UInt8] {
        let signature = Digest.hmacSHA256(key: Digest.sha256(clientKey.bytes), message: authMessage)
        return zip(clientKey.bytes, signature).map { $0 ^ $1 }
    }

    func serverSignature(authMessage: [UInt8]) -> [UInt8] {
        Digest.hmacSHA256(key: serverKey.bytes, message: authMessage)
    }
}
