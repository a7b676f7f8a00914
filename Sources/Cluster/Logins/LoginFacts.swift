import ProxyCore

/// What a server goes by when it lets somebody in, and gives a session to begin with: for each role and each database a
/// number that differs when that does.
struct LoginFacts: Equatable {
    var roles: [String: Int64]
    var databases: [String: Int64]
    /// What holds for everybody: ALTER ROLE ALL SET.
    var general: String

    /// The change that leads from an earlier state to this one; nil where there is none.
    func change(since earlier: LoginFacts) -> LoginChange? {
        if general != earlier.general { return .all }
        let roles = Self.differences(roles, earlier.roles)
        let databases = Self.differences(databases, earlier.databases)
        return roles.isEmpty && databases.isEmpty ? nil : LoginChange(roles: roles, databases: databases)
    }

    private static func differences(_ one: [String: Int64], _ other: [String: Int64]) -> Set<String> {
        var names = Set(one.filter { other[$0.key] != $0.value }.keys)
        names.formUnion(other.keys.filter { one[$0] == nil })
        return names
    }
}
