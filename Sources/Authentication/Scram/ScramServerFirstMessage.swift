import Bytes

/// The server's challenge: both nonces, the salt and the number of iterations. RFC 5802, section 7,
/// `server-first-message`.
struct ScramServerFirstMessage: Sendable, Hashable {
    /// The client's nonce and behind it the server's.
    let nonce: [UInt8]
    let salt: [UInt8]
    let iterations: Int32
    /// As it was sent: the part that is signed.
    let text: [UInt8]

    init(nonce: [UInt8], salt: [UInt8], iterations: Int32) {
        self.nonce = nonce
        self.salt = salt
        self.iterations = iterations
        text = Array("r=".utf8) + nonce + Array(",s=".utf8) + Base64.encode(salt) + Array(",i=\(iterations)".utf8)
    }

    init(parsing message: [UInt8]) throws(ScramSyntaxError) {
        var attributes = ScramAttributes(message)
        nonce = try attributes.value(of: "r")
        guard ScramNonce.isValid(nonce) else { throw .malformed("The nonce is not printable ASCII.") }
        guard let salt = Base64.decode(try attributes.value(of: "s")), !salt.isEmpty else {
            throw .malformed("The salt is not base64.")
        }
        guard let iterations = ScramAttributes.positiveInteger(try attributes.value(of: "i")) else {
            throw .malformed("The iteration count is not a positive number.")
        }
        try attributes.skipExtensions()
        self.salt = salt
        self.iterations = iterations
        text = message
    }
}
