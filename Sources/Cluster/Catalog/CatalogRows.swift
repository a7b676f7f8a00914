import StatementRouting

/// What routing has to know of one database, as its catalog has it.
package struct CatalogRows: Sendable, Equatable {
    /// All but procedures, pg_catalog's included.
    package var functions: [FunctionRow]
    package var relations: [RelationRow]
    package var volatileOperators: [OperatorRow]
    package var volatileTypes: [TypeRow]
    package var sequenceWriters: [SequenceWriterFact]
    package var uniqueKeys: [UniqueKeyFact]
    /// Of `search_path`: names apart by commas, quoted where needed.
    package var searchPaths: RoleSettingRows
    /// Of `default_transaction_isolation`; empty where it is not known.
    package var isolations: RoleSettingRows

    package init(
        functions: [FunctionRow],
        relations: [RelationRow],
        volatileOperators: [OperatorRow],
        volatileTypes: [TypeRow],
        sequenceWriters: [SequenceWriterFact] = [],
        uniqueKeys: [UniqueKeyFact] = [],
        searchPaths: RoleSettingRows,
        isolations: RoleSettingRows
    ) {
        self.functions = functions
        self.relations = relations
        self.volatileOperators = volatileOperators
        self.volatileTypes = volatileTypes
        self.sequenceWriters = sequenceWriters
        self.uniqueKeys = uniqueKeys
        self.searchPaths = searchPaths
        self.isolations = isolations
    }
}

/// One function, aggregate or window function of a database's catalog (pg_proc).
package struct FunctionRow: Sendable, Equatable {
    /// `prokind`. Procedures are left out: CALL is never a read.
    package enum Kind: UInt8, Sendable {
        case function
        case aggregate
        case window
    }

    package enum Volatility: UInt8, Sendable {
        case immutable
        case stable
        case volatile
    }

    package let schema: String
    package let name: String
    package let kind: Kind
    /// `pronargs`: how many arguments it takes, a variadic's last one counted as one.
    package let arguments: Int
    /// `pronargdefaults`: how many of them a call may leave out.
    package let defaults: Int
    package let isVariadic: Bool
    /// `provolatile`; of an aggregate, whose own says nothing, the most volatile of its support functions.
    package let volatility: Volatility
    /// Whether its first argument may be a row, so that `t.name` may call it (PostgreSQL documentation, 8.16.5).
    package let acceptsRow: Bool
}

/// An operator whose function is volatile: a use of it calls that function without naming it.
package struct OperatorRow: Sendable, Equatable {
    package let schema: String
    /// Such as `+`.
    package let name: String
}

/// A relation that cannot be read on a replica without a thought. Ordinary tables, and views of nothing else, have no
/// row.
package struct RelationRow: Sendable, Equatable {
    package let schema: String
    package let name: String
    /// What a read of it comes upon, itself included, through views, row security policies, children and partitions at
    /// any depth; never empty, in a fixed order.
    package let reaches: [RelationReach]
}

/// A type that calls a volatile function without naming it: a domain by its CHECK, another by a cast that leads to it.
package struct TypeRow: Sendable, Equatable {
    package let schema: String
    package let name: String
}

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
