@testable import ProxyCore
import ProxyTerms
import StatementRouting
import Testing

/// Transactions that begin on a replica and move to the primary (`transaction_reads = replica_until_write`).
struct LeadingReadsTests {
    private static let readOnly = "Error 25006 cannot execute INSERT in a read-only transaction"
    private static let read = "Query SELECT 1"
    private static let write = "Query INSERT INTO t VALUES (1)"

    private func lead(
        nodes: Int = 2,
        isolation: String = "read committed",
        pool change: (inout PoolOptions) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation,
        _ script: (Conversation) -> Void
    ) {
        converse(
            nodes: nodes,
            pool: {
                $0.transactionReads = .replicaUntilWrite
                change(&$0)
            },
            sourceLocation: sourceLocation
        ) { talk in
            talk.shell.catalog = DatabaseCatalog(
                facts: .builtin,
                searchPath: "public",
                searchPathOfRole: [:],
                isolation: isolation
            )
            script(talk)
        }
    }

    /// Begins, and reads on the replica.
    private func begin(_ talk: Conversation, _ client: ScriptedClient, _ text: String = "BEGIN") -> ScriptedServer {
        client.sends("Query \(text)")
        client.gets("Complete BEGIN", "Ready T")
        client.sends(Self.read)
        let replica = talk.server(on: 1)
        replica.gets("Query \(text)", Self.read)
        replica.completes("BEGIN", "T")
        replica.answers("1", "T")
        client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready T")
        return replica
    }

    @Test("EXPLAIN ROUTE speaks of leading reads only in a transaction")
    func explained() {
        lead { talk in
            let client = talk.client()
            func explanation() -> String {
                client.forget()
                client.sends("Query EXPLAIN ROUTE SELECT 1")
                talk.settle()
                return client.received.joined(separator: " ")
            }
            #expect(explanation().contains("replica") && !explanation().contains("leading reads"))
            client.sends("Query BEGIN")
            #expect(explanation().contains("leading reads"))
            client.sends("Query COMMIT")
            #expect(!explanation().contains("leading reads"))
        }
    }

    @Test("Reads stay on the replica up to COMMIT, which is its")
    func readsOnly() {
        lead { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends(Self.read)
            replica.gets(Self.read)
            replica.answers("2", "T")
            client.gets("Columns v", "Row 2", "Complete SELECT 1", "Ready T")
            client.sends("Query SHOW howdah.route")
            client.gets(
                "Columns howdah.route",
                "Row n1 (replica): transaction's leading reads",
                "Complete SHOW",
                "Ready T"
            )
            client.sends("Query COMMIT")
            replica.gets("Query COMMIT")
            replica.completes("COMMIT")
            client.gets("Complete COMMIT", "Ready I")
            client.sends(Self.write)
            talk.openServers(on: 0).last?.gets(Self.write)
        }
    }

    @Test("The first write takes the same BEGIN to the primary, and the replica's half is rolled back")
    func moves() {
        lead { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends(Self.write)
            replica.gets("Query ROLLBACK")
            replica.completes("ROLLBACK")
            let primary = talk.server(on: 0)
            primary.gets("Query BEGIN", Self.write)
            primary.completes("BEGIN", "T")
            primary.completes("INSERT 0 1", "T")
            client.gets("Complete INSERT 0 1", "Ready T")
            client.sends(Self.read)
            primary.gets(Self.read)
            primary.answers("1", "T")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready T")
            client.sends("Query COMMIT")
            primary.gets("Query COMMIT")
            primary.completes("COMMIT")
            client.gets("Complete COMMIT", "Ready I")
        }
    }

    @Test(
        "Whatever is no plain read moves",
        arguments: [
            "SAVEPOINT a", "SET LOCAL work_mem = '1MB'", "SET work_mem = '1MB'", "DECLARE c CURSOR FOR SELECT 1",
            "LOCK TABLE t", "SELECT 1 FOR UPDATE", "SELECT nosuch()", "SELECT 1; SELECT 2", "CREATE TABLE u ()",
            "SET TRANSACTION READ ONLY", "SELECT pg_advisory_xact_lock(1)", "SELECT 1 /* howdah: primary */",
            "SELECT nextval('s')", "NOTIFY x",
        ]
    )
    func whatMoves(statement: String) {
        lead { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends("Query \(statement)")
            replica.gets("Query ROLLBACK")
            // A transaction that has read cannot change its isolation level any more.
            talk.server(on: 0).gets("Query BEGIN;SELECT 1", "Query \(statement)")
        }
    }

    @Test("What comes first and is no read begins on the primary")
    func writesFirst() {
        lead { talk in
            let client = talk.client()
            client.sends("Query BEGIN", Self.write)
            talk.server(on: 0).gets("Query BEGIN", Self.write)
            #expect(talk.openServers(on: 1).isEmpty)
        }
    }

    @Test(
        "Only READ COMMITTED leads",
        arguments: [
            ("BEGIN", "repeatable read", false), ("BEGIN", "", false), ("BEGIN", "read committed", true),
            ("BEGIN ISOLATION LEVEL REPEATABLE READ", "read committed", false),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE", "read committed", false),
            ("BEGIN ISOLATION LEVEL READ COMMITTED", "serializable", true),
            ("BEGIN READ WRITE", "read committed", false),
        ]
    )
    func isolation(text: String, standard: String, leads: Bool) {
        lead(isolation: standard) { talk in
            let client = talk.client()
            client.sends("Query \(text)", Self.read)
            talk.server(on: leads ? 1 : 0).gets("Query \(text)", Self.read)
        }
    }

    @Test("Nor where the session has another level of its own")
    func sessionIsolation() {
        lead { talk in
            let client = talk.client()
            client.sends("Query SET default_transaction_isolation = 'repeatable read'")
            let primary = talk.server(on: 0)
            primary.completes("SET")
            client.gets("Complete SET", "Ready I")
            primary.forget()
            client.sends("Query BEGIN", Self.read)
            primary.gets("Query BEGIN", Self.read)
        }
    }

    @Test("Not where the setting is primary, for the pool or for the session")
    func switchedOff() {
        lead(pool: { $0.transactionReads = .primary }) { talk in
            let client = talk.client()
            client.sends("Query BEGIN", Self.read)
            talk.server(on: 0).gets("Query BEGIN", Self.read)
        }
        lead { talk in
            let client = talk.client()
            client.sends("Query SET howdah.transaction_reads = 'primary'", "Query SHOW howdah.transaction_reads")
            client.gets(
                "Complete SET",
                "Ready I",
                "Columns howdah.transaction_reads",
                "Row primary",
                "Complete SHOW",
                "Ready I"
            )
            client.sends("Query BEGIN", Self.read)
            talk.server(on: 0).gets("Query BEGIN", Self.read)
        }
    }

    @Test("A hidden write that the replica refuses moves unseen, first or later")
    func hiddenWrite() {
        for isFirst in [true, false] {
            lead { talk in
                let client = talk.client()
                let replica: ScriptedServer
                if isFirst {
                    client.sends("Query BEGIN", "Query SELECT x FROM v")
                    client.gets("Complete BEGIN", "Ready T")
                    replica = talk.server(on: 1)
                    replica.completes("BEGIN", "T")
                } else {
                    replica = begin(talk, client)
                    client.sends("Query SELECT x FROM v")
                }
                replica.forget()
                replica.sends(Self.readOnly, "Ready E")
                client.getsNothing()
                replica.gets("Query ROLLBACK")
                let primary = talk.server(on: 0)
                primary.gets("Query BEGIN", "Query SELECT x FROM v")
                primary.completes("BEGIN", "T")
                primary.answers("1", "T")
                client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready T")
            }
        }
    }

    @Test("An error fails the transaction where it is; ROLLBACK ends it there")
    func failed() {
        lead { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends("Query SELECT 1/0")
            replica.gets("Query SELECT 1/0")
            replica.sends("Error 22012 division by zero", "Ready E")
            client.gets("Error 22012 division by zero", "Ready E")
            client.sends(Self.write)
            replica.gets(Self.write)
            replica.sends("Error 25P02 current transaction is aborted", "Ready E")
            client.gets("Error 25P02 current transaction is aborted", "Ready E")
            // What comes behind ROLLBACK waits for it: it may write.
            client.sends("Query ROLLBACK", Self.write)
            replica.gets("Query ROLLBACK")
            replica.completes("ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
            talk.server(on: 0).gets(Self.write)
        }
    }

    @Test("AND CHAIN begins another that reads first, also behind an error")
    func chain() {
        for fails in [false, true] {
            lead { talk in
                let client = talk.client()
                let replica = begin(talk, client)
                if fails {
                    client.sends("Query SELECT 1/0")
                    replica.sends("Error 22012 division by zero", "Ready E")
                    client.gets("Error 22012 division by zero", "Ready E")
                }
                replica.forget()
                client.sends("Query ROLLBACK AND CHAIN")
                replica.gets("Query ROLLBACK AND CHAIN")
                replica.completes("ROLLBACK", "T")
                client.gets("Complete ROLLBACK", "Ready T")
                client.sends(Self.write)
                replica.gets("Query ROLLBACK")
                talk.server(on: 0).gets("Query BEGIN", Self.write)
            }
        }
    }

    @Test("A replica that is lost costs nothing as long as no row of the batch has left")
    func lostReplica() {
        for isAsked in [false, true] {
            lead { talk in
                let client = talk.client()
                let replica = begin(talk, client)
                if isAsked { client.sends(Self.read) }
                replica.vanishes()
                client.getsNothing()
                if !isAsked { client.sends(Self.read) }
                let primary = talk.server(on: 0)
                primary.gets("Query BEGIN", Self.read)
                primary.completes("BEGIN", "T")
                primary.answers("1", "T")
                client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready T")
            }
        }
        lead { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends(Self.read)
            replica.sends("Columns v", "Row 1")
            replica.vanishes()
            client.gets(
                "Columns v",
                "Row 1",
                "Error 40001 the server was lost in the middle of the transaction",
                "Ready E"
            )
            client.sends(Self.write)
            client.getsError(
                "Error 25P02 current transaction is aborted, commands ignored until end of transaction block",
                ready: "E"
            )
            client.sends("Query ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
        }
    }

    @Test("COMMIT to a replica that is lost is COMMIT all the same: nothing was written")
    func lostAtCommit() {
        lead { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends("Query COMMIT")
            replica.gets("Query COMMIT")
            replica.vanishes()
            client.gets("Complete COMMIT", "Ready I")
        }
    }

    @Test("A move waits for a server of the primary without holding the replica's")
    func waits() {
        lead(pool: { $0.size = 1 }) { talk in
            let writer = talk.client()
            writer.sends("Query BEGIN", Self.write)
            let primary = talk.server(on: 0)
            primary.completes("BEGIN", "T")
            primary.completes("INSERT 0 1", "T")
            primary.forget()
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends(Self.write)
            client.getsNothing()
            replica.gets("Query ROLLBACK")
            replica.completes("ROLLBACK")
            let reader = talk.client()
            reader.sends(Self.read)
            replica.gets(Self.read)
            writer.sends("Query COMMIT")
            primary.completes("COMMIT")
            primary.gets("Query COMMIT", "Query BEGIN", Self.write)
        }
    }

    @Test("The extended protocol: one portal without a name leads, a named one moves")
    func portals() {
        lead { talk in
            let client = talk.client()
            client.sends("Query BEGIN")
            client.gets("Complete BEGIN", "Ready T")
            client.sends("Parse : SELECT $1", "Bind <-  (1)", "Describe P", "Execute", "Sync")
            let replica = talk.server(on: 1)
            replica.sends(
                "Complete BEGIN",
                "Ready T",
                "Parsed",
                "Bound",
                "Columns v",
                "Row 1",
                "Complete SELECT 1",
                "Ready T"
            )
            client.gets("Parsed", "Bound", "Columns v", "Row 1", "Complete SELECT 1", "Ready T")
            replica.forget()
            client.sends("Bind c <-  (1)", "Execute c", "Sync")
            replica.gets("Query ROLLBACK")
            #expect(talk.server(on: 0).received.last == "Sync")
        }
    }

    @Test("Of several statements in a batch any may be the one that runs: it moves")
    func severalStatements() {
        lead { talk in
            let client = talk.client()
            let replica = begin(talk, client)
            client.sends("Parse a: SAVEPOINT a", "Parse b: SELECT 1", "Bind <- a ()", "Execute", "Sync")
            replica.gets("Query ROLLBACK")
            #expect(talk.server(on: 0).received.last == "Sync")
        }
    }

    @Test("Parse and Describe that end in Flush are of the leading reads, and what they prepared is moved")
    func flushed() {
        lead { talk in
            let client = talk.client()
            client.sends("Query BEGIN")
            client.gets("Complete BEGIN", "Ready T")
            client.sends("Parse s: SELECT $1", "Describe S s", "Flush")
            let replica = talk.server(on: 1)
            #expect(replica.received.last == "Sync")
            replica.sends("Complete BEGIN", "Ready T", "Parsed", "Parameters 0", "Columns v", "Ready T")
            client.gets("Parsed", "Parameters 0", "Columns v")
            replica.forget()
            client.sends("Bind <- s (1)", "Execute", "Sync")
            replica.gets("Bind <- howdah_0000000001 (1)", "Execute", "Sync")
            replica.sends("Bound", "Row 1", "Complete SELECT 1", "Ready T")
            client.gets("Bound", "Row 1", "Complete SELECT 1", "Ready T")
        }
    }

    @Test("BEGIN in one batch with the first read leads; refused there, the whole batch runs on the primary")
    func beginInBatch() {
        for isRefused in [false, true] {
            lead { talk in
                let client = talk.client()
                client.sends(
                    "Parse : BEGIN",
                    "Bind <-  ()",
                    "Execute",
                    "Parse : SELECT x FROM v",
                    "Bind <-  ()",
                    "Execute",
                    "Sync"
                )
                let replica = talk.server(on: 1)
                #expect(replica.received.last == "Sync")
                let begun = ["Parsed", "Bound", "Complete BEGIN", "Parsed", "Bound"]
                let server: ScriptedServer
                if isRefused {
                    for words in begun + [Self.readOnly, "Ready E"] { replica.sends(words) }
                    server = talk.server(on: 0)
                    #expect(server.received.last == "Sync")
                    #expect(replica.received.last == "Query ROLLBACK")
                } else {
                    server = replica
                }
                for words in begun + ["Row 1", "Complete SELECT 1", "Ready T"] { server.sends(words) }
                client.gets(words: begun + ["Row 1", "Complete SELECT 1", "Ready T"])
                replica.forget()
                server.forget()
                client.sends(Self.write)
                if isRefused {
                    server.gets(Self.write)
                } else {
                    replica.gets("Query ROLLBACK")
                    talk.server(on: 0).gets("Query BEGIN", Self.write)
                }
            }
        }
    }
}
