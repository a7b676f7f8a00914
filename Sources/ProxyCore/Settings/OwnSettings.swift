import PostgresWire
import ProxyTerms

/// The settings of a session that no server knows, `howdah.route` and its like; nil: as its pool has it.
struct OwnSettings: Equatable {
    enum Name: String, CaseIterable {
        case route = "howdah.route"
        case readYourWrites = "howdah.read_your_writes"
        case transactionReads = "howdah.transaction_reads"
    }

    var route: RoutePreference?
    var readYourWrites: ReadYourWrites?
    var transactionReads: TransactionReads?

    /// - Parameter word: in small letters.
    mutating func set(_ name: Name, to word: String) throws(PostgresError) {
        switch name {
        case .route: route = try Self.value(word, name)
        case .readYourWrites: readYourWrites = try Self.value(word, name)
        case .transactionReads: transactionReads = try Self.value(word, name)
        }
    }

    /// Gives one of them the value that it has in others.
    mutating func take(_ name: Name, from others: OwnSettings) {
        switch name {
        case .route: route = others.route
        case .readYourWrites: readYourWrites = others.readYourWrites
        case .transactionReads: transactionReads = others.transactionReads
        }
    }

    private static func value<Value>(_ word: String, _ name: Name) throws(PostgresError) -> Value
    where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
        if let value = Value(rawValue: word) { return value }
        throw .invalidValue(
            word,
            of: name.rawValue,
            hint: "Available values: \(Value.allCases.map(\.rawValue).joined(separator: ", "))."
        )
    }
}

/// What becomes of `OwnSettings` at the end of a transaction (PostgreSQL documentation, SET), and when they are reset.
struct OwnSettingsJournal {
    /// What the session has begun with.
    var start = OwnSettings()
    /// In a transaction that has changed some: what they were before, and what they are if it commits.
    private var changed: (before: OwnSettings, lasting: OwnSettings)?

    /// Whether the end of the transaction matters.
    var isOpen: Bool { changed != nil }

    /// - Parameter isLocal: as SET LOCAL, to the end of the transaction.
    mutating func change(
        _ settings: inout OwnSettings,
        isLocal: Bool,
        isInTransaction: Bool,
        _ change: (inout OwnSettings) -> Void
    ) {
        if isInTransaction {
            var both = changed ?? (settings, settings)
            if !isLocal { change(&both.lasting) }
            changed = both
        }
        change(&settings)
    }

    /// The transaction is over.
    /// - Returns: what the settings are from now on; nil where it has changed none.
    mutating func end(committed: Bool) -> OwnSettings? {
        defer { changed = nil }
        return committed ? changed?.lasting : changed?.before
    }
}

extension PostgresError {
    static func invalidValue(_ word: String, of name: String, hint: String) -> PostgresError {
        PostgresError(
            .error,
            .invalidParameterValue,
            "invalid value for parameter \"\(name)\": \"\(word)\"",
            hint: hint
        )
    }
}
