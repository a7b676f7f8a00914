/// What a text leaves behind in the session (or may leave behind), so that the session layer knows when to look
/// closer, to carry state on, or to pin.
package struct SessionEffects: OptionSet, Sendable, BitwiseCopyable {
    package let rawValue: UInt64

    @inlinable package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    // What follows is said here once more than OptionSet says it: constants and single instructions to the compiler,
    // where a literal in brackets is an array, and a default implementation a call through a table, for each statement.

    @inlinable package static var none: SessionEffects { SessionEffects(rawValue: 0) }

    /// Both.
    @inline(__always)
    @inlinable package static func | (left: SessionEffects, right: SessionEffects) -> SessionEffects {
        SessionEffects(rawValue: left.rawValue | right.rawValue)
    }

    /// Whether all of the others are among them.
    @inline(__always)
    @inlinable package func contains(_ others: SessionEffects) -> Bool {
        rawValue & others.rawValue == others.rawValue
    }

    /// Whether any of the others is among them.
    @inline(__always)
    @inlinable package func meets(_ others: SessionEffects) -> Bool { rawValue & others.rawValue != 0 }

    /// SET of a setting (also SET ROLE, SET SESSION AUTHORIZATION, SET TIME ZONE, SET NAMES).
    @inlinable package static var set: SessionEffects { SessionEffects(rawValue: 1 << 0) }
    /// SET LOCAL.
    @inlinable package static var setLocal: SessionEffects { SessionEffects(rawValue: 1 << 1) }
    /// RESET of one setting or of all.
    @inlinable package static var reset: SessionEffects { SessionEffects(rawValue: 1 << 2) }
    /// A call of set_config, at any depth.
    @inlinable package static var setConfig: SessionEffects { SessionEffects(rawValue: 1 << 3) }
    /// SET or RESET of role or session_authorization. Comes together with `set` or `reset`.
    @inlinable package static var setRole: SessionEffects { SessionEffects(rawValue: 1 << 4) }
    @inlinable package static var discard: SessionEffects { SessionEffects(rawValue: 1 << 5) }
    /// PREPARE of a statement by SQL.
    @inlinable package static var prepare: SessionEffects { SessionEffects(rawValue: 1 << 6) }
    /// EXECUTE, also inside CREATE TABLE AS EXECUTE or EXPLAIN EXECUTE.
    @inlinable package static var execute: SessionEffects { SessionEffects(rawValue: 1 << 7) }
    @inlinable package static var deallocate: SessionEffects { SessionEffects(rawValue: 1 << 8) }
    @inlinable package static var listen: SessionEffects { SessionEffects(rawValue: 1 << 9) }
    @inlinable package static var unlisten: SessionEffects { SessionEffects(rawValue: 1 << 10) }
    /// NOTIFY or pg_notify.
    @inlinable package static var notify: SessionEffects { SessionEffects(rawValue: 1 << 11) }
    /// Creates or names a temporary relation.
    @inlinable package static var temporaryObject: SessionEffects { SessionEffects(rawValue: 1 << 12) }
    /// A session-level advisory lock is taken.
    @inlinable package static var advisoryLockSession: SessionEffects { SessionEffects(rawValue: 1 << 13) }
    /// DECLARE CURSOR … WITH HOLD. Comes together with `declareCursor`.
    @inlinable package static var holdCursor: SessionEffects { SessionEffects(rawValue: 1 << 14) }
    @inlinable package static var declareCursor: SessionEffects { SessionEffects(rawValue: 1 << 15) }
    /// FETCH or MOVE.
    @inlinable package static var fetch: SessionEffects { SessionEffects(rawValue: 1 << 16) }
    @inlinable package static var closeCursor: SessionEffects { SessionEffects(rawValue: 1 << 17) }
    /// nextval, currval, lastval or setval: currval and lastval answer from the server's session.
    @inlinable package static var sequenceUse: SessionEffects { SessionEffects(rawValue: 1 << 18) }
    @inlinable package static var setSeed: SessionEffects { SessionEffects(rawValue: 1 << 19) }
    @inlinable package static var largeObject: SessionEffects { SessionEffects(rawValue: 1 << 20) }
    @inlinable package static var load: SessionEffects { SessionEffects(rawValue: 1 << 21) }
    /// DO or CALL: code that may do anything to the session.
    @inlinable package static var codeBlock: SessionEffects { SessionEffects(rawValue: 1 << 22) }
    /// Calls a function outside pg_catalog that may change settings, take locks and create objects: one that is
    /// volatile or not known, also through an operator, a cast or a view.
    @inlinable package static var callsUserFunction: SessionEffects { SessionEffects(rawValue: 1 << 23) }
    @inlinable package static var ddl: SessionEffects { SessionEffects(rawValue: 1 << 24) }
    /// COPY FROM STDIN: the client will send CopyData.
    @inlinable package static var copyIn: SessionEffects { SessionEffects(rawValue: 1 << 25) }
    /// COPY TO STDOUT.
    @inlinable package static var copyOut: SessionEffects { SessionEffects(rawValue: 1 << 26) }
    /// DDL after which catalog facts are out of date: functions, operators, types, casts, relations, extensions.
    @inlinable package static var changesCatalogFacts: SessionEffects { SessionEffects(rawValue: 1 << 27) }
    /// SET CONSTRAINTS.
    @inlinable package static var setConstraints: SessionEffects { SessionEffects(rawValue: 1 << 28) }
    /// currval or lastval: what they answer is the server's memory of its session's use of sequences. Comes together
    /// with `sequenceUse`.
    @inlinable package static var sequenceRead: SessionEffects { SessionEffects(rawValue: 1 << 29) }
    /// Reads pg_prepared_statements, which tells of the server's session.
    @inlinable package static var readsPrepared: SessionEffects { SessionEffects(rawValue: 1 << 32) }
    /// Session-level advisory locks are given back.
    @inlinable package static var advisoryUnlock: SessionEffects { SessionEffects(rawValue: 1 << 30) }

    /// Makes, changes or drops a role or a database, or says who may connect to one: `SessionCommand` has the names.
    @inlinable package static var clusterCommand: SessionEffects { SessionEffects(rawValue: 1 << 31) }

    /// Asks for the process of its own session: pg_backend_pid.
    @inlinable package static var readsProcess: SessionEffects { SessionEffects(rawValue: 1 << 34) }
    /// Signals a process: pg_cancel_backend or pg_terminate_backend.
    @inlinable package static var signalsProcess: SessionEffects { SessionEffects(rawValue: 1 << 35) }

    /// It has a command of Howdah's own in it.
    @inlinable package static var asksHowdah: SessionEffects { SessionEffects(rawValue: 1 << 36) }

    /// What a server may have to be sent another text for, or what is to be refused by the words in it.
    @inlinable package static var mayBeExchanged: SessionEffects {
        .readsProcess | .signalsProcess | .asksHowdah | .setConfig
    }

    /// What it does may move a sequence: nextval, setval, or a row in a table whose defaults or triggers may.
    @inlinable package static var movesSequence: SessionEffects { SessionEffects(rawValue: 1 << 33) }

    /// The same, or by code that is not seen.
    @inlinable package static var mayMoveSequence: SessionEffects {
        .movesSequence | .codeBlock | .callsUserFunction
    }

    /// What may make a temporary object: by its own words, or by code that is not seen.
    @inlinable package static var mayMakeTemporary: SessionEffects {
        .temporaryObject | .ddl | .codeBlock | .callsUserFunction | .load
    }
}
