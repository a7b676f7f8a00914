extension NodeAddress {
    /// As people write it.
    var text: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let directory, let port): "\(directory):\(port)"
        }
    }
}
