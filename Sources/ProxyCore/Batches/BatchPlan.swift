import PostgresWire
import StatementRouting

/// What the batch at the front of a client's bytes (a Query, or messages up to Sync) does, as far as it can be seen.
struct BatchPlan: BitwiseCopyable {
    enum Extent: BitwiseCopyable, Equatable {
        /// More bytes are needed to tell.
        case incomplete
        /// All of it is at hand.
        case whole
        /// The client asks for replies (Flush) before the end.
        case flushed
        /// Its end is not at hand, and what is there decides the route.
        case open
        /// Behind some of it stands what is no message: its Sync can never come.
        case broken(FramingViolation)
    }

    var extent = Extent.incomplete
    var isQuery = false
    /// Bytes of the batch, where it is whole or flushed.
    var size = 0
    var access = Access.read
    var reason = RouteReason.plainRead
    var hint = RouteHint.none
    /// Whether anything is executed or bound, beside being parsed and described.
    var executes = false
    /// Statements named by Parse, Bind or the Query, saturating.
    var statements: UInt8 = 0
    /// The class of the Query, or of the batch's only statement.
    var statementClass = StatementClass(access: .read, reason: .plainRead)
    /// Whether a Bind names, or a Parse gives anew, a statement that servers may have been given earlier.
    var bindsPrepared = false
    /// Whether a Parse of the unnamed statement is among the messages: what it meant before no longer counts.
    var parsesUnnamed = false
    /// Whether a Parse of a named statement is among them.
    var parsesNamed = false
    /// Whether a Parse is among them.
    var parses = false
    /// Binds, less Describes of portals.
    var undescribed: Int32 = 0
    /// What a name among them means hangs on a batch in flight.
    var waitsForNames = false
    /// What the statements do to their session, together.
    var effects: SessionEffects = .none
    /// What they read, together.
    var relationNames = RelationNames.none
    /// A statement among them leaves something behind in the session.
    var leavesState = false
    /// Something among the messages can be answered by a server alone: all but Close, and one Parse of what a server
    /// has accepted before.
    var needsServer = false
    /// A COMMIT may be among the statements, or what does as much.
    var mayCommit = false
    /// A ROLLBACK is among the statements: what stands behind it is another transaction.
    var rollsBack = false
    /// Something among them may end a transaction that is open, or begin one.
    var controlsTransaction = false
    /// A statement that only the proxy can answer is among them.
    var namesHowdah = false
    /// One of those that a server cannot be given a value for.
    var mustStandAlone = false
    /// `SHOW howdah.position` is among them; behind what may write, its commit has no position yet.
    var showsPosition = false
    var showsPositionOfWrite = false

    /// What may be done should servers have something of it that is out of date.
    var renewal: Renewal { parses ? .parses : undescribed <= 0 ? .describes : .none }

    var isRead: Bool { access == .read && hint != .primary }

    /// What all of them do, as one.
    var together: StatementClass { StatementClass(access: access, reason: reason, effects: effects) }

    mutating func add(_ other: StatementClass) {
        statements = statements == .max ? .max : statements + 1
        statementClass = other
        if other.howdahCommand != .none { addOwn(other) }
        if access == .read, other.access != .read {
            access = other.access
            reason = other.reason
        } else if reason == .plainRead {
            reason = other.reason
        }
        effects.formUnion(other.effects)
        relationNames.formUnion(other.relationNames)
        leavesState = leavesState || other.mayChangeSession
        hint = max(hint, other.hint)
        bindsPrepared = bindsPrepared || other.effects.contains(.execute)
        mayCommit = mayCommit || other.access == .unknown || other.transaction.mayCommit
        rollsBack = rollsBack || other.transaction.rollsBack
        controlsTransaction = controlsTransaction || other.access == .unknown || other.transaction != .none
    }

    /// PREPARE alone runs nothing, and shows nothing.
    var onlyPrepares: Bool { statements == 1 && statementClass.statementCount == 1 && effects.contains(.prepare) }

    /// Before the statement is counted to the rest.
    private mutating func addOwn(_ other: StatementClass) {
        namesHowdah = true
        if !other.howdahCommand.isShow { mustStandAlone = true }
        if other.howdahCommand.showsPosition {
            showsPosition = true
            if access != .read || other.access != .read { showsPositionOfWrite = true }
        }
    }

    mutating func mustGoToPrimary(_ why: RouteReason) {
        needsServer = true
        if access == .read { reason = why }
        mayCommit = true
        controlsTransaction = true
        access = .unknown
    }
}

extension RouteHint: Comparable {
    /// The primary is always right, so its hint wins.
    package static func < (left: RouteHint, right: RouteHint) -> Bool { left.rawValue < right.rawValue }
}
