import Bytes

/// The server's proof that it knows the password too, or its refusal. RFC 5802, section 7, `server-final-message`.
enum ScramServerFinalMessage: Sendable, Hashable {
    case signature([UInt8])
    case error([UInt8])

    init(parsing message: [UInt8]) throws(ScramSyntaxError) {
        var attributes = ScramAttributes(message)
        let attribute = try attributes.next()
        switch attribute.name {
        case UInt8(ascii: "e"):
            self = .error(attribute.value)
        case UInt8(ascii: "v"):
            guard let signature = Base64.decode(attribute.value), signature.count == Digest.sha256Length else {
                throw .malformed("The signature is not the base64 form of \(Digest.sha256Length) bytes.")
            }
            try attributes.skipExtensions()
            self = .signature(signature)
        default:
            throw .malformed("The message begins with neither a signature nor an error.")
        }
    }

    static func text(signature: [UInt8]) -> [UInt8] {
        Array("v=".utf8) + Base64.encode(signature)
    }
}
