/// Where a node listens.
struct NodeEndpoint: Hashable, Sendable {
    let host: String
    let port: Int

    /// `host:port`, with an IPv6 address in brackets.
    var name: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
