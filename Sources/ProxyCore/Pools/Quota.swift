import ProxyTerms

/// Limits over several pools, of the whole process, of a database and of a user: who counts against them, and which
/// one is reached. The one place that counts; it knows no pool, no session and no queue.
struct Quota {
    /// What a limit is of.
    enum Scope {
        case process
        case database
        case user
    }

    /// Connections by the names under which they count.
    struct Counts: Equatable {
        private(set) var databases: [String: Int] = [:]
        private(set) var users: [String: Int] = [:]
        private(set) var total = 0

        mutating func add(_ database: String, _ user: String) {
            databases[database, default: 0] += 1
            users[user, default: 0] += 1
            total += 1
        }

        mutating func remove(_ database: String, _ user: String) {
            Self.remove(database, from: &databases)
            Self.remove(user, from: &users)
            total -= 1
        }

        /// A name that counts nothing is forgotten, or names that clients make up would add up.
        private static func remove(_ name: String, from counts: inout [String: Int]) {
            guard let count = counts[name] else { return }
            counts[name] = count > 1 ? count - 1 : nil
        }
    }

    private(set) var clients = Counts()
    private(set) var servers = Counts()
    /// `max_server_connections`; 0: none.
    private var maximumServers: Int
    /// Limits have been lowered, and more servers may be open than they allow.
    private(set) var mayBeExceeded = false

    init(maximumServers: Int) { self.maximumServers = maximumServers }

    // MARK: Clients

    /// The limit that keeps another client out; nil where none does.
    func limit(ofClients database: String, _ user: String, _ limits: PoolOptions) -> (scope: Scope, limit: Int)? {
        if Self.isReached(limits.maximumDatabaseClients, clients.databases[database]) {
            return (.database, limits.maximumDatabaseClients)
        }
        if Self.isReached(limits.maximumUserClients, clients.users[user]) { return (.user, limits.maximumUserClients) }
        return nil
    }

    mutating func clientEntered(_ database: String, _ user: String) { clients.add(database, user) }

    mutating func clientLeft(_ database: String, _ user: String) { clients.remove(database, user) }

    // MARK: Servers

    /// The limit that keeps a pool from opening another server; nil where none does.
    /// - Parameter all: servers of the process, in whatever state.
    func limit(ofServers database: String, _ user: String, _ limits: PoolOptions, all: Int) -> Scope? {
        if maximumServers > 0, all >= maximumServers { return .process }
        if Self.isReached(limits.maximumDatabaseServers, servers.databases[database]) { return .database }
        if Self.isReached(limits.maximumUserServers, servers.users[user]) { return .user }
        return nil
    }

    mutating func serverOpened(_ database: String, _ user: String) { servers.add(database, user) }

    mutating func serverClosed(_ database: String, _ user: String) { servers.remove(database, user) }

    // MARK: Limits that change

    mutating func limitsHaveChanged(maximumServers: Int) {
        self.maximumServers = maximumServers
        mayBeExceeded = true
    }

    /// No more is open than is allowed.
    mutating func areKept() { mayBeExceeded = false }

    /// Whether more servers are open than one of the pool's limits allows.
    func isExceeded(_ database: String, _ user: String, _ limits: PoolOptions) -> Bool {
        Self.isExceeded(maximumServers, servers.total)
            || Self.isExceeded(limits.maximumDatabaseServers, servers.databases[database])
            || Self.isExceeded(limits.maximumUserServers, servers.users[user])
    }

    private static func isExceeded(_ limit: Int, _ count: Int?) -> Bool { limit > 0 && count ?? 0 > limit }

    private static func isReached(_ limit: Int, _ count: Int?) -> Bool { limit > 0 && count ?? 0 >= limit }
}
