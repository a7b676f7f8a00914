import Bytes

/// What PostgreSQL keeps for a role whose password is stored with SCRAM-SHA-256: enough to check a client, too little
/// to log in as one. PostgreSQL documentation, "pg_authid"; RFC 5803.
package struct ScramVerifier: Sendable, Hashable {
    package let iterations: Int32
    package let salt: [UInt8]
    /// 32 bytes: the hash of the client key.
    package let storedKey: Secret
    /// 32 bytes.
    package let serverKey: Secret

    /// PostgreSQL's default for `scram_iterations`.
    package static let defaultIterations: Int32 = 4096
    /// Bytes in a salt that PostgreSQL makes.
    package static let defaultSaltLength = 16
    /// What every stored verifier begins with.
    package static let prefix = Array("SCRAM-SHA-256$".utf8)

    init(storedKey: Secret, serverKey: Secret, salt: [UInt8], iterations: Int32) {
        self.storedKey = storedKey
        self.serverKey = serverKey
        self.salt = salt
        self.iterations = iterations
    }

    package init(_ saltedPassword: SaltedPassword, salt: [UInt8], iterations: Int32) {
        self.salt = salt
        self.iterations = iterations
        storedKey = Secret(Digest.sha256(saltedPassword.clientKey))
        serverKey = Secret(saltedPassword.serverKey)
    }

    /// Slow, as `SaltedPasswordRequest.derive()` is.
    package init(password: Secret, salt: [UInt8], iterations: Int32 = ScramVerifier.defaultIterations) {
        let request = SaltedPasswordRequest(password: password, salt: salt, iterations: iterations)
        self.init(request.derive(), salt: salt, iterations: iterations)
    }

    /// From `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`; nil where `text` is anything else.
    package init?(parsing text: [UInt8]) {
        guard text.starts(with: Self.prefix) else { return nil }
        let halves = text.dropFirst(Self.prefix.count).split(
            separator: UInt8(ascii: "$"),
            omittingEmptySubsequences: false
        )
        guard halves.count == 2 else { return nil }
        let parameters = halves[0].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map(Array.init)
        let keys = halves[1].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map(Array.init)
        guard
            parameters.count == 2, keys.count == 2,
            let iterations = ScramAttributes.positiveInteger(parameters[0]),
            let salt = Base64.decode(parameters[1]), !salt.isEmpty,
            let storedKey = Base64.decode(keys[0]), storedKey.count == Digest.sha256Length,
            let serverKey = Base64.decode(keys[1]), serverKey.count == Digest.sha256Length
        else { return nil }
        self.iterations = iterations
        self.salt = salt
        self.storedKey = Secret(storedKey)
        self.serverKey = Secret(serverKey)
    }

    /// The stored form.
    package var text: Secret {
        var text = Self.prefix
        text += Array("\(iterations):".utf8)
        text += Base64.encode(salt)
        text.append(UInt8(ascii: "$"))
        text += Base64.encode(storedKey.bytes)
        text.append(UInt8(ascii: ":"))
        text += Base64.encode(serverKey.bytes)
        return Secret(text)
    }

    /// The client's key, where `proof` is right for `authMessage`; nil where it is not.
    func clientKey(proof: [UInt8], authMessage: [UInt8]) -> Secret? {
        guard proof.count == Digest.sha256Length else { return nil }
        let signature = Digest.hmacSHA256(key: storedKey.bytes, message: authMessage)
        let clientKey = zip(proof, signature).map { $0 ^ $1 }
        return Digest.areEqual(Digest.sha256(clientKey), storedKey.bytes) ? Secret(clientKey) : nil
    }

    func serverSignature(authMessage: [UInt8]) -> [UInt8] {
        Digest.hmacSHA256(key: serverKey.bytes, message: authMessage)
    }
}
