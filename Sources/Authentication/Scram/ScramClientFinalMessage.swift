import Bytes

/// The client's answer to the challenge: channel binding, both nonces, the proof. RFC 5802, section 7,
/// `client-final-message`.
struct ScramClientFinalMessage: Sendable, Hashable {
    /// The GS2 header and the binding data.
    let channelBinding: [UInt8]
    let nonce: [UInt8]
    let proof: [UInt8]
    /// All in front of the proof: the part that is signed.
    let withoutProof: [UInt8]

    init(parsing message: [UInt8]) throws(ScramSyntaxError) {
        var attributes = ScramAttributes(message)
        guard let channelBinding = Base64.decode(try attributes.value(of: "c")) else {
            throw .malformed("The channel binding is not base64.")
        }
        self.channelBinding = channelBinding
        nonce = try attributes.value(of: "r")

        while let position = attributes.position {
            let attribute = try attributes.next()
            guard attribute.name == UInt8(ascii: "p") else { continue }
            guard let proof = Base64.decode(attribute.value), proof.count == Digest.sha256Length else {
                throw .malformed("The proof is not the base64 form of \(Digest.sha256Length) bytes.")
            }
            guard attributes.isAtEnd else { throw .malformed("Something follows the proof.") }
            self.proof = proof
            withoutProof = Array(message[..<(position - 1)])
            return
        }
        throw .malformed("The proof is missing.")
    }

    /// Everything but the proof, for signing.
    static func withoutProof(channelBinding: [UInt8], nonce: [UInt8]) -> [UInt8] {
        Array("c=".utf8) + Base64.encode(channelBinding) + Array(",r=".utf8) + nonce
    }
}
