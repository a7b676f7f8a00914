@testable import ProxyCore
import StatementRouting
import Testing

/// Transactions that only read, and those that no replica offers.
struct ReadOnlyTransactionTests {
    private static let read = "Query SELECT 1"

    /// The catalog has been read, and says nothing out of the ordinary.
    private func loaded(_ script: (Conversation) -> Void) {
        converse { talk in
            talk.shell.catalog = Conversation.catalog()
            script(talk)
        }
    }

    /// Begins, and reads on the replica.
    private func begin(_ talk: Conversation, _ client: ScriptedClient, _ text: String = "BEGIN READ ONLY")
        -> ScriptedServer
    {
        client.sends("Query \(text)", Self.read)
        let replica = talk.server(on: 1)
        replica.gets("Query \(text)", Self.read)
        replica.completes("BEGIN", "T")
        replica.answers("1", "T")
        client.forget()
        return replica
    }

    @Test(
        "With session pooling it runs on the primary: the session keeps the server, and will write",
        arguments: ["BEGIN READ ONLY", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"]
    )
    func ofSession(text: String) {
        converse(pool: { $0.mode = .session }) { talk in
            talk.shell.catalog = Conversation.catalog()
            let client = talk.client()
            client.sends("Query \(text)", Self.read)
            let server = talk.server(on: 0)
            server.gets("Query \(text)", Self.read)
            server.completes("BEGIN", "T")
            server.answers("1", "T")
            client.sends("Query COMMIT")
            server.completes("COMMIT")
            client.sends("Query UPDATE t SET x = 1")
            #expect(server.received.last == "Query UPDATE t SET x = 1")
        }
    }

    @Test(
        "At READ COMMITTED it moves to the primary with what only the primary can do",
        arguments: [
            "NOTIFY a", "SELECT pg_notify('a', '')", "LOCK TABLE t", "SELECT pg_current_xact_id()",
            "SELECT nextval('s')", "SELECT * FROM pg_stat_activity", "SELECT 1 FROM t FOR UPDATE",
            "SELECT pg_advisory_lock(1)", "SELECT 1 /* howdah: primary */", "INSERT INTO t VALUES (1)",
        ]
    )
    func moves(text: String) {
        loaded { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends("Query \(text)")
            replica.gets("Query ROLLBACK")
            let primary = talk.server(on: 0)
            let isWrite = text.hasPrefix("INSERT")
            primary.gets("Query BEGIN READ ONLY\(isWrite ? "" : ";SELECT 1")", "Query \(text)")
        }
    }

    @Test(
        "What stands behind the end of one that is bound to its replica waits, and goes where it belongs",
        arguments: [
            ["Query COMMIT"], ["Query ROLLBACK; SELECT 2"], ["Parse : ROLLBACK", "Bind <- ()", "Execute", "Sync"],
        ]
    )
    func behindTheEnd(end: [String]) {
        loaded { talk in
            let client = talk.client()
            let replica = begin(talk, client, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            replica.forget()
            for message in end { client.sends(message) }
            client.sends("Query DELETE FROM t")
            #expect(!replica.received.contains("Query DELETE FROM t"))
            if end.count > 1 { replica.sends("Parsed", "Bound") }
            replica.sends("Complete \(end[0].contains("COMMIT") ? "COMMIT" : "ROLLBACK")", "Ready I")
            let primary = talk.openServers(on: 0).last { $0.received.last == "Query DELETE FROM t" }
            #expect(primary != nil)
            #expect(!replica.received.contains("Query DELETE FROM t"))
            primary?.completes("DELETE 1")
            #expect(client.received.suffix(2) == ["Complete DELETE 1", "Ready I"])
            client.forget()
        }
    }

    @Test("A session that keeps a replica's server for a lock is told that it loses it when it goes on to write")
    func pinnedToAReplica() {
        loaded { talk in
            let client = talk.client()
            let replica = begin(talk, client, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            client.sends("Query SELECT pg_advisory_lock(1)")
            replica.answers("", "T")
            client.sends("Query COMMIT")
            replica.completes("COMMIT")
            client.forget()
            // The server is asked whether it holds the lock still.
            replica.answers("\(PinReason.advisoryLock.bit)")
            replica.forget()
            // What reads goes on there.
            client.sends("Query SELECT 3")
            #expect(replica.received == ["Query SELECT 3"])
            replica.answers("3")
            client.forget()
            client.sends("Query DELETE FROM t")
            client.getsError("Error 08006 the server on which this session had state of its own was lost", ready: "I")
            #expect(replica.received.last == "Query DISCARD ALL")
            client.sends("Query DELETE FROM t")
            let primary = talk.openServers(on: 0).last { $0.received.last == "Query DELETE FROM t" }
            primary?.completes("DELETE 1")
            client.gets("Complete DELETE 1", "Ready I")
        }
    }

    @Test("EXECUTE in a failed transaction is refused, and leaves nothing in the session")
    func executeInAFailedOne() {
        loaded { talk in
            let client = talk.client()
            client.sends("Query BEGIN READ ONLY", "Query SELECT 1/0")
            let replica = talk.server(on: 1)
            replica.sends("Complete BEGIN", "Ready T", "Error 22012 division by zero", "Ready E")
            client.sends("Query SELECT 1; EXECUTE p1")
            replica.sends("Error 25P02 aborted", "Ready E")
            client.sends("Query COMMIT")
            replica.completes("ROLLBACK")
            #expect(talk.engine.inspect().idleServers == talk.openServers().count)
            client.forget()
        }
    }

    @Test("A function that turns out to write is refused by the primary, in its words")
    func hiddenWrite() {
        loaded { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends("Query SELECT 2")
            replica.sends("Error 25006 cannot execute INSERT in a read-only transaction", "Ready E")
            let primary = talk.server(on: 0)
            primary.gets("Query BEGIN READ ONLY", "Query SELECT 2")
            primary.sends("Complete BEGIN", "Ready T")
            primary.sends("Error 25006 cannot execute INSERT in a read-only transaction", "Ready E")
            client.gets("Error 25006 cannot execute INSERT in a read-only transaction", "Ready E")
        }
    }

    @Test(
        "What binds it to its replica keeps it there",
        arguments: ["SAVEPOINT a", "DECLARE c CURSOR FOR SELECT 1", "SET LOCAL work_mem = '1MB'"]
    )
    func bound(text: String) {
        loaded { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends("Query \(text)")
            replica.gets("Query \(text)")
            replica.completes("DONE", "T")
            client.sends("Query NOTIFY a")
            replica.gets("Query NOTIFY a")
        }
    }

    @Test("So does its snapshot, at REPEATABLE READ")
    func snapshot() {
        loaded { talk in
            let client = talk.client()
            let replica = begin(talk, client, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            client.sends("Query NOTIFY a")
            replica.gets("Query NOTIFY a")
        }
    }

    @Test("What is known to need the primary begins there")
    func beginsOnPrimary() {
        loaded { talk in
            let client = talk.client()
            client.sends("Query BEGIN READ ONLY", "Query NOTIFY a")
            talk.server(on: 0).gets("Query BEGIN READ ONLY", "Query NOTIFY a")
        }
    }

    // MARK: The end, and more behind it

    @Test(
        "What stands in one text behind the end of a transaction on a replica runs on the primary, as all of the text",
        arguments: [
            "END; INSERT INTO t VALUES (1)", "COMMIT; CREATE TABLE u (x int)", "ROLLBACK; DELETE FROM t",
            "COMMIT; BEGIN; INSERT INTO t VALUES (1); COMMIT",
        ]
    )
    func endAndWrite(text: String) {
        loaded { talk in
            let client = talk.client()
            client.sends("Query BEGIN READ ONLY; SELECT 1")
            let replica = talk.server(on: 1)
            replica.sends("Complete BEGIN", "Columns v", "Row 1", "Complete SELECT 1", "Ready T")
            talk.settle()
            client.forget()
            replica.forget()
            client.sends("Query \(text)")
            replica.gets("Query ROLLBACK")
            let primary = talk.server(on: 0)
            primary.gets("Query BEGIN READ ONLY", "Query \(text)")
            primary.completes("BEGIN", "T")
            primary.sends("Complete COMMIT", "Complete INSERT 0 1", "Ready I")
            client.gets("Complete COMMIT", "Complete INSERT 0 1", "Ready I")
        }
    }

    @Test("Messages of one batch are no other, whichever way the transaction was begun")
    func endAndWriteExtended() {
        loaded { talk in
            let client = talk.client()
            client.sends(
                "Parse : BEGIN READ ONLY",
                "Bind  < ()",
                "Execute /0",
                "Parse : SELECT 1",
                "Bind  < ()",
                "Execute /0",
                "Sync"
            )
            let replica = talk.server(on: 1)
            replica.sends(
                "Parsed",
                "Bound",
                "Complete BEGIN",
                "Parsed",
                "Bound",
                "Row 1",
                "Complete SELECT 1",
                "Ready T"
            )
            talk.settle()
            client.forget()
            replica.forget()
            client.sends(
                "Parse : COMMIT",
                "Bind  < ()",
                "Execute /0",
                "Parse : INSERT INTO t VALUES (1)",
                "Bind  < ()",
                "Execute /0",
                "Sync"
            )
            replica.gets("Query ROLLBACK")
            talk.settle()
            #expect(talk.server(on: 0).received.first == "Query BEGIN READ ONLY")
        }
    }

    @Test(
        "The end alone, or with more to read, stays where the transaction is",
        arguments: ["COMMIT", "COMMIT; SELECT 2", "ROLLBACK AND CHAIN", "COMMIT AND CHAIN; INSERT INTO t VALUES (1)"]
    )
    func endOnReplica(text: String) {
        loaded { talk in
            let client = talk.client()
            client.sends("Query BEGIN READ ONLY; SELECT 1")
            let replica = talk.server(on: 1)
            replica.sends("Complete BEGIN", "Columns v", "Row 1", "Complete SELECT 1", "Ready T")
            replica.forget()
            client.sends("Query \(text)")
            replica.gets("Query \(text)")
        }
    }

    // MARK: SERIALIZABLE

    private static let standby =
        "Error 0A000 cannot use serializable mode in a hot standby [GetSerializableTransactionSnapshot]"

    @Test("A replica that has no serializable transactions says nothing of the statement: it runs on the primary")
    func healed() {
        loaded { talk in
            let client = talk.client()
            client.sends(Self.read)
            talk.server(on: 1).gets(Self.read)
            talk.server(on: 1).sends(Self.standby, "Ready I")
            let primary = talk.server(on: 0)
            primary.gets(Self.read)
            primary.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            // It is a read as before.
            client.sends(Self.read)
            talk.server(on: 1).gets(Self.read)
        }
    }

    @Test(
        "A session that is serializable by its settings runs on the primary",
        arguments: [
            "SET default_transaction_isolation = 'serializable'",
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        ]
    )
    func bySession(text: String) {
        loaded { talk in
            let client = talk.client()
            client.sends("Query \(text)")
            let primary = talk.server(on: 0)
            primary.values["default_transaction_isolation"] = "serializable"
            primary.completes("SET")
            primary.forget()
            client.sends(Self.read)
            primary.gets(Self.read)
            primary.answers("1")
            client.sends("Query BEGIN READ ONLY", Self.read)
            primary.gets("Query BEGIN READ ONLY", Self.read)
        }
    }

    @Test("So does one that is so by the start-up packet, or by its database")
    func byDatabase() {
        loaded { talk in
            talk.shell.catalog = Conversation.catalog(isolation: "serializable")
            let client = talk.client()
            client.sends(Self.read)
            talk.server(on: 0).gets(Self.read)
            talk.server(on: 0).answers("1")
            client.sends("Query BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", Self.read)
            talk.server(on: 1).gets("Query BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", Self.read)
        }
    }

    @Test(
        "A mode that is none is the server's to refuse",
        arguments: ["SET transaction_isolation = 'nope'", "SET transaction_read_only = 2"]
    )
    func wrongMode(text: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN")
            client.gets("Complete BEGIN", "Ready T")
            client.sends("Query \(text)")
            let server = talk.server(on: 0)
            server.gets("Query BEGIN", "Query \(text)")
            server.sends("Complete BEGIN", "Ready T", "Error 22023 invalid value", "Ready E")
            client.gets("Error 22023 invalid value", "Ready E")
        }
    }

    @Test("SET transaction_isolation counts as SET TRANSACTION does")
    func bySetting() {
        loaded { talk in
            let client = talk.client()
            client.sends("Query BEGIN READ ONLY", "Query SET transaction_isolation = 'serializable'", Self.read)
            talk.server(on: 0).gets("Query BEGIN READ ONLY;SET transaction_isolation = 'serializable'", Self.read)
        }
    }
}
