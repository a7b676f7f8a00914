import ProxyCore

/// What one connection through libpq is made with (PostgreSQL documentation, 34.1.2).
struct ConnectionParameters: Sendable {
    /// The node's name.
    let node: String
    let user: String
    let database: String
    let keywords: [String: String]

    /// - Parameters:
    ///   - addresses: numeric addresses of the node's host, in the order to try; ignored for a Unix-domain socket.
    ///     libpq is never left to resolve a name, since that would block the thread.
    ///   - database: instead of the node's own.
    init(node: MonitoredNode, addresses: [String], database: String? = nil, purpose: String) {
        self.node = node.name
        user = node.user
        self.database = database ?? node.database
        var keywords: [String: String] = [
            "user": node.user,
            "dbname": self.database,
            "application_name": "howdah \(purpose)",
            "client_encoding": "UTF8",
            "target_session_attrs": "any",
            // Negotiating GSSAPI may block on Kerberos servers, and costs a round trip.
            "gssencmode": "disable",
        ]
        keywords["password"] = node.password
        switch node.address {
        case .unix(let directory, let port):
            keywords["host"] = directory
            keywords["port"] = String(port)
        case .tcp(let host, let port):
            // One host for each address: libpq tries them in turn, and checks certificates against the name.
            keywords["host"] = addresses.map { _ in host }.joined(separator: ",")
            keywords["hostaddr"] = addresses.joined(separator: ",")
            keywords["port"] = String(port)
        }
        keywords.merge(node.parameters) { _, given in given }
        self.keywords = keywords
    }
}
