/// What one side of a SCRAM exchange can tie to the TLS connection that the exchange runs over (RFC 5802, section 6;
/// PostgreSQL documentation, 55.3.1).
package enum ChannelBinding: Sendable, Hashable {
    /// No TLS, or channel binding turned off on this side.
    case none
    /// This side could bind but the other did not offer it. Only a client says so; a server treats it as `none`.
    case supportedButUnused
    /// `tls-server-end-point` (RFC 5929): the hash of the server's certificate.
    case tlsServerEndPoint([UInt8])

    static let tlsServerEndPointName = Array("tls-server-end-point".utf8)

    /// The GS2 header that a client opens with, its two commas included. No authorization identity: PostgreSQL
    /// supports none.
    var gs2Header: [UInt8] {
        switch self {
        case .none: Array("n,,".utf8)
        case .supportedButUnused: Array("y,,".utf8)
        case .tlsServerEndPoint: Array("p=".utf8) + Self.tlsServerEndPointName + Array(",,".utf8)
        }
    }

    /// The bytes that follow the GS2 header in the `c=` attribute.
    var bindingData: [UInt8] {
        switch self {
        case .none, .supportedButUnused: []
        case .tlsServerEndPoint(let hash): hash
        }
    }
}
