/// Log-ins that begin in another way than before, or not at all: roles were made, changed or dropped, something was set
/// for them or for a database, or who may connect is another.
package struct LoginChange: Sendable, Equatable {
    package private(set) var roles: Set<String>
    /// By their names on the servers.
    package private(set) var databases: Set<String>
    package private(set) var isOfAll = false

    package static var all: LoginChange {
        var change = LoginChange(roles: [], databases: [])
        change.isOfAll = true
        return change
    }

    package init(roles: Set<String>, databases: Set<String>) {
        self.roles = roles
        self.databases = databases
    }

    package mutating func add(_ other: LoginChange) {
        roles.formUnion(other.roles)
        databases.formUnion(other.databases)
        isOfAll = isOfAll || other.isOfAll
    }

    package func concerns(role: String, database: String) -> Bool {
        isOfAll || roles.contains(role) || databases.contains(database)
    }
}
