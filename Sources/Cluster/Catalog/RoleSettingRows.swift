/// The values of a setting that sessions of a database begin with, as text.
package struct RoleSettingRows: Sendable, Equatable {
    /// ALTER ROLE ALL … SET, ALTER DATABASE … SET, or the server's own.
    package var ofDatabase: String
    /// ALTER ROLE … SET.
    package var ofRole: [String: String]
    /// ALTER ROLE … IN DATABASE … SET.
    package var ofRoleInDatabase: [String: String]

    package init(ofDatabase: String, ofRole: [String: String] = [:], ofRoleInDatabase: [String: String] = [:]) {
        self.ofDatabase = ofDatabase
        self.ofRole = ofRole
        self.ofRoleInDatabase = ofRoleInDatabase
    }

    /// What a session of the role begins with (PostgreSQL documentation, ALTER ROLE: the more specific setting wins).
    package func value(forRole role: String) -> String {
        ofRoleInDatabase[role] ?? ofRole[role] ?? ofDatabase
    }
}
