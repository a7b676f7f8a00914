import ProxyCore

extension SenderList.Sender {
    /// Where the replica listens: nothing in `pg_stat_replication` tells its port, so it may say `host:port` or `:port`
    /// as its application name.
    ///
    /// - Parameters:
    ///   - primary: where the primary is reached: a replica that streams from its own host is there too.
    ///   - port: of replicas that do not say theirs; nil: the primary's.
    package func node(primary: NodeAddress, port: UInt16?) -> DiscoveredNode? {
        let (host, named) = Self.split(applicationName)
        let listens: UInt16
        switch primary {
        case .tcp(_, let own), .unix(_, let own): listens = named ?? port ?? own
        }
        let place: NodeAddress
        let isLocal = address.isEmpty || NameResolver.isLoopback(address)
        if let host {
            place = .tcp(host: host, port: listens)
        } else if !isLocal {
            place = .tcp(host: address, port: listens)
        } else {
            switch primary {
            case .tcp(let shared, _): place = .tcp(host: shared, port: listens)
            case .unix(let directory, _): place = .unix(directory: directory, port: listens)
            }
        }
        // That it is the primary itself is all that is known of such a one.
        if place == primary { return nil }
        let numeric: [String]
        switch place {
        case .tcp(let host, _) where NameResolver.isNumeric(host): numeric = [host]
        case .tcp where host != nil && !isLocal: numeric = [address]
        case .tcp, .unix: numeric = []
        }
        return DiscoveredNode(name: place.text, address: place, numericHosts: numeric)
    }

    /// `host:port`, `[address]:port` or `:port`; anything else is a mere name.
    private static func split(_ name: String) -> (host: String?, port: UInt16?) {
        guard let colon = name.lastIndex(of: ":"), let port = UInt16(name[name.index(after: colon)...]), port > 0
        else { return (nil, nil) }
        var host = name[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        let isHost = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isHost else { return (nil, nil) }
        return (host.isEmpty ? nil : String(host), port)
    }
}
