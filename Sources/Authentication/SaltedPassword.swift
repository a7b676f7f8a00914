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
