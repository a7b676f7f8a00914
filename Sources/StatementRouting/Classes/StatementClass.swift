/// What one text (the string of a Query message, of one or several statements, or of a Parse message) does.
///
/// A plain value of 24 bytes. It depends on the text with its literals left out and on the
/// `ClassificationContext`, never on the contents of a literal.
package struct StatementClass: Sendable, Equatable, BitwiseCopyable {
    package var access: Access
    package var reason: RouteReason
    package var transaction: TransactionEffect
    package var hint: RouteHint
    package var howdahCommand: HowdahCommand
    /// Statements in the text, saturating at 255; 0 is an empty query. 1 where the text was not understood.
    package var statementCount: UInt8
    /// Whether PostgreSQL's plan for it is the same whatever values are bound (`FixedPlan`).
    package var hasFixedPlan: Bool
    /// Whether it does nothing but put rows in that are written in it.
    var putsRowsIn = false
    package var effects: SessionEffects
    /// For a text that may make temporary objects (`SessionEffects.mayMakeTemporary`): the names that may come to be in
    /// the session's temporary schema by it. For any other: what it reads.
    package var relationNames: RelationNames

    package init(
        access: Access,
        reason: RouteReason,
        transaction: TransactionEffect = .none,
        effects: SessionEffects = .none,
        hint: RouteHint = .none,
        statementCount: UInt8 = 1,
        howdahCommand: HowdahCommand = .none,
        relationNames: RelationNames = .none,
        hasFixedPlan: Bool = false
    ) {
        self.access = access
        self.reason = reason
        self.transaction = transaction
        self.hint = hint
        self.howdahCommand = howdahCommand
        self.statementCount = statementCount
        self.effects = effects
        self.relationNames = relationNames
        self.hasFixedPlan = hasFixedPlan
    }

    /// A text that is not understood: the primary runs it and answers for it.
    static func notUnderstood(_ reason: RouteReason) -> StatementClass {
        StatementClass(access: .unknown, reason: reason)
    }

    static let explainingRoute = StatementClass(
        access: .read,
        reason: .howdahCommand,
        effects: .asksHowdah,
        howdahCommand: .explainRoute
    )

    /// No server knows it, and so nothing of the text can be sent to one.
    static let explainingRouteAmongOthers = StatementClass(
        access: .unknown,
        reason: .howdahCommand,
        effects: .asksHowdah,
        statementCount: 2,
        howdahCommand: .notAlone
    )

    static let empty = StatementClass(access: .read, reason: .emptyQuery, statementCount: 0)
}

/// What a text does to data, as far as its route is concerned.
package enum Access: UInt8, Sendable, BitwiseCopyable {
    /// A replica can run it: nothing is written, and no state that only the primary has is asked for.
    case read
    /// The primary must run it.
    case write
    /// Not understood (or its meaning is the session's to know, as with EXECUTE). The primary runs it.
    case unknown
}

/// A route asked for in a comment: `/* howdah: primary */` or `-- howdah: replica`. Where both are asked for,
/// primary wins, since it is always right.
package enum RouteHint: UInt8, Sendable, BitwiseCopyable {
    case none
    case replica
    case primary
}
