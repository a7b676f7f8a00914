import COpenSSL

/// The digests that PostgreSQL's authentication is made of, by OpenSSL.
///
/// SHA-256 and HMAC are part of every OpenSSL provider; where they fail, the library itself is broken or out of
/// memory and nobody could be authenticated, so the process stops and says so. MD5 may be forbidden (FIPS mode).
enum Digest {
    /// Bytes in a SHA-256 digest, and so in every SCRAM-SHA-256 key.
    static let sha256Length = 32

    static func sha256(_ message: [UInt8]) -> [UInt8] {
        guard let digest = digest(message, length: sha256Length, by: EVP_sha256()) else {
            fatalError("OpenSSL cannot compute SHA-256: check its configuration (openssl.cnf, providers)")
        }
        return digest
    }

    static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: sha256Length)
        guard HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, nil) != nil else {
            fatalError("OpenSSL cannot compute HMAC-SHA-256: check its configuration (openssl.cnf, providers)")
        }
        return code
    }

    /// RFC 5802's `Hi`: PBKDF2 with HMAC-SHA-256 and one block of output. Slow by intent: about a millisecond for
    /// 4,096 iterations.
    static func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int32) -> [UInt8] {
        let characters = password.map { CChar(bitPattern: $0) }
        var key = [UInt8](repeating: 0, count: sha256Length)
        let status = PKCS5_PBKDF2_HMAC(
            characters,
            Int32(characters.count),
            salt,
            Int32(salt.count),
            iterations,
            EVP_sha256(),
            Int32(sha256Length),
            &key
        )
        guard status == 1 else {
            fatalError("OpenSSL cannot compute PBKDF2: check its configuration (openssl.cnf, providers)")
        }
        return key
    }

    /// The digest as 32 lowercase hexadecimal digits, or nil where OpenSSL does not allow MD5.
    static func md5Hex(_ message: [UInt8]) -> [UInt8]? {
        guard let digest = digest(message, length: 16, by: EVP_md5()) else { return nil }
        let digits = Array("0123456789abcdef".utf8)
        return digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// Whether both hold the same bytes, in a time that depends on the lengths alone.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    private static func digest(_ message: [UInt8], length: Int, by algorithm: OpaquePointer?) -> [UInt8]? {
        guard let algorithm else { return nil }
        var digest = [UInt8](repeating: 0, count: length)
        return EVP_Digest(message, message.count, &digest, nil, algorithm, nil) == 1 ? digest : nil
    }
}
