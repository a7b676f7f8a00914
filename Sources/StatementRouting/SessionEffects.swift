/// What a text leaves behind in the session (or may leave behind), so that the session layer knows when to look
/// closer, to carry state on, or to pin.
package struct SessionEffects: OptionSet, Sendable, BitwiseCopyable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// SET of a setting (also SET ROLE, SET SESSION AUTHORIZATION, SET TIME ZONE, SET NAMES).
    package static let set = SessionEffects(rawValue: 1 << 0)
    /// SET LOCAL.
    package static let setLocal = SessionEffects(rawValue: 1 << 1)
    /// RESET of one setting or of all.
    package static let reset = SessionEffects(rawValue: 1 << 2)
    /// A call of set_config, at any depth.
    package static let setConfig = SessionEffects(rawValue: 1 << 3)
    /// SET or RESET of role or session_authorization. Comes together with `set` or `reset`.
    package static let setRole = SessionEffects(rawValue: 1 << 4)
    package static let discard = SessionEffects(rawValue: 1 << 5)
    /// PREPARE of a statement by SQL.
    package static let prepare = SessionEffects(rawValue: 1 << 6)
    /// EXECUTE, also inside CREATE TABLE AS EXECUTE or EXPLAIN EXECUTE.
    package static let execute = SessionEffects(rawValue: 1 << 7)
    package static let deallocate = SessionEffects(rawValue: 1 << 8)
    package static let listen = SessionEffects(rawValue: 1 << 9)
    package static let unlisten = SessionEffects(rawValue: 1 << 10)
    /// NOTIFY or pg_notify.
    package static let notify = SessionEffects(rawValue: 1 << 11)
    /// Creates or names a temporary relation.
    package static let temporaryObject = SessionEffects(rawValue: 1 << 12)
    /// A session-level advisory lock is taken.
    package static let advisoryLockSession = SessionEffects(rawValue: 1 << 13)
    /// DECLARE CURSOR … WITH HOLD. Comes together with `declareCursor`.
    package static let holdCursor = SessionEffects(rawValue: 1 << 14)
    package static let declareCursor = SessionEffects(rawValue: 1 << 15)
    /// FETCH or MOVE.
    package static let fetch = SessionEffects(rawValue: 1 << 16)
    package static let closeCursor = SessionEffects(rawValue: 1 << 17)
    /// nextval, currval, lastval or setval: currval and lastval answer from the server's session.
    package static let sequenceUse = SessionEffects(rawValue: 1 << 18)
    package static let setSeed = SessionEffects(rawValue: 1 << 19)
    package static let largeObject = SessionEffects(rawValue: 1 << 20)
    package static let load = SessionEffects(rawValue: 1 << 21)
    /// DO or CALL: code that may do anything to the session.
    package static let codeBlock = SessionEffects(rawValue: 1 << 22)
    /// Calls a function outside pg_catalog that may change settings, take locks and create objects: one that is
    /// volatile or not known, also through an operator, a cast or a view.
    package static let callsUserFunction = SessionEffects(rawValue: 1 << 23)
    package static let ddl = SessionEffects(rawValue: 1 << 24)
    /// COPY FROM STDIN: the client will send CopyData.
    package static let copyIn = SessionEffects(rawValue: 1 << 25)
    /// COPY TO STDOUT.
    package static let copyOut = SessionEffects(rawValue: 1 << 26)
    /// DDL after which catalog facts are out of date: functions, operators, types, casts, relations, extensions.
    package static let changesCatalogFacts = SessionEffects(rawValue: 1 << 27)
    /// SET CONSTRAINTS.
    package static let setConstraints = SessionEffects(rawValue: 1 << 28)
    /// currval or lastval: what they answer is the server's memory of its session's use of sequences. Comes together
    /// with `sequenceUse`.
    package static let sequenceRead = SessionEffects(rawValue: 1 << 29)
    /// Session-level advisory locks are given back.
    package static let advisoryUnlock = SessionEffects(rawValue: 1 << 30)
}
