/// What PostgreSQL keeps for a role whose password is stored with MD5: `md5` and the digest of password and role name.
///
/// PostgreSQL documentation, 55.2.1 (AuthenticationMD5Password); "pg_authid" for the stored form.
package struct MD5Password: Sendable, Hashable {
    /// 32 lowercase hexadecimal digits.
    private let digest: Secret

    private static let prefix = Array("md5".utf8)
    private static let hexadecimalDigits = Set("0123456789abcdef".utf8)

    /// From the form in which it is stored; nil where `text` is not `md5` and 32 lowercase hexadecimal digits.
    /// PostgreSQL takes such a text for a plain password.
    package init?(parsing text: [UInt8]) {
        guard text.count == 35, text.starts(with: Self.prefix) else { return nil }
        let digits = Array(text.dropFirst(3))
        guard digits.allSatisfy(Self.hexadecimalDigits.contains) else { return nil }
        digest = Secret(digits)
    }

    /// From the password; the digest depends on the user's name, so a renamed user needs a new one.
    package init(password: Secret, user: [UInt8]) throws(MD5Unavailable) {
        guard let digits = Digest.md5Hex(password.bytes + user) else { throw MD5Unavailable() }
        digest = Secret(digits)
    }

    /// The stored form: `md5` and 32 hexadecimal digits.
    package var text: Secret { Secret(Self.prefix + digest.bytes) }

    /// What a client answers to AuthenticationMD5Password, without the terminating zero byte: `md5` and the digest of
    /// the stored digits and the salt's four bytes in network order.
    package func response(salt: UInt32) throws(MD5Unavailable) -> [UInt8] {
        let saltBytes = NetworkOrder.bytes(salt)
        guard let digits = Digest.md5Hex(digest.bytes + saltBytes) else { throw MD5Unavailable() }
        return Self.prefix + digits
    }

    /// Whether `response` (without the terminating zero byte) is the right answer to `salt`.
    package func verifies(response: [UInt8], salt: UInt32) throws(MD5Unavailable) -> Bool {
        Digest.areEqual(response, try self.response(salt: salt))
    }
}

/// OpenSSL on this machine does not allow MD5, as in FIPS mode.
package struct MD5Unavailable: Error, Sendable, Hashable {}
