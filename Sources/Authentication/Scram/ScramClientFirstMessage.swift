/// The message that opens a SCRAM exchange: GS2 header, the user's name (which PostgreSQL takes from the startup packet
/// instead), the client's nonce. RFC 5802, section 7, `client-first-message`.
struct ScramClientFirstMessage: Sendable, Hashable {
    /// What the client says about channel binding.
    enum BindingFlag: Sendable, Hashable {
        /// `n`: the client does not support it.
        case unsupported
        /// `y`: the client supports it but thinks that the server does not.
        case supportedButUnused
        /// `p`: the client uses `tls-server-end-point`.
        case tlsServerEndPoint
    }

    let bindingFlag: BindingFlag
    /// With both of its commas, as it was sent.
    let gs2Header: [UInt8]
    /// All behind the GS2 header: the part that is signed.
    let bare: [UInt8]
    let nonce: [UInt8]

    init(parsing message: [UInt8]) throws(ScramSyntaxError) {
        let fields = message.split(separator: UInt8(ascii: ","), maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { throw .malformed("The GS2 header does not end.") }
        bindingFlag = try Self.bindingFlag(Array(fields[0]))
        guard fields[1].isEmpty else {
            guard fields[1].starts(with: Array("a=".utf8)) else { throw .malformed("The GS2 header does not end.") }
            throw .unsupported("client uses authorization identity, but it is not supported")
        }
        gs2Header = Array(message[..<fields[2].startIndex])
        bare = Array(fields[2])

        var attributes = ScramAttributes(bare)
        _ = try attributes.value(of: "n")
        nonce = try attributes.value(of: "r")
        guard ScramNonce.isValid(nonce) else { throw .malformed("The nonce is not printable ASCII.") }
        try attributes.skipExtensions()
    }

    private static func bindingFlag(_ field: [UInt8]) throws(ScramSyntaxError) -> BindingFlag {
        switch field {
        case [UInt8(ascii: "n")]: return .unsupported
        case [UInt8(ascii: "y")]: return .supportedButUnused
        case Array("p=".utf8) + ChannelBinding.tlsServerEndPointName: return .tlsServerEndPoint
        default:
            if field.starts(with: Array("p=".utf8)) {
                throw .malformed("The channel binding type is not \"tls-server-end-point\".")
            }
            throw .malformed("The GS2 header does not begin with \"n\", \"y\" or \"p=\".")
        }
    }
}
