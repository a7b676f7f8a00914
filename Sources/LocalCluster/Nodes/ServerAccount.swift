import Glibc

/// The user that PostgreSQL runs as: it refuses root ("PostgreSQL documentation, 19.1").
enum ServerAccount: Sendable, Equatable {
    /// The caller itself, who is not root.
    case caller
    /// Another user, which the caller, being root, drops to.
    case other(user: uid_t, group: gid_t, name: String)

    /// The caller where it is not root; else `postgres` where there is such a user, else `nobody`.
    static func choose() throws(LocalClusterError) -> ServerAccount {
        guard geteuid() == 0 else { return .caller }
        for name in ["postgres", "nobody"] {
            guard let entry = getpwnam(name), entry.pointee.pw_uid != 0 else { continue }
            return .other(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid, name: name)
        }
        throw .noUnprivilegedUser
    }

    /// The account's name, for messages.
    var name: String {
        switch self {
        case .other(_, _, let name): name
        case .caller: getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(geteuid())"
        }
    }
}
