import ProxyCore
import Testing

/// Errors that the client never sees: what failed runs again where it can succeed.
struct RepairTests {
    private static let readOnly = "Error 25006 cannot execute INSERT in a read-only transaction"

    @Test("What a replica refuses as a write runs on the primary, and goes there from the start the next time")
    func refusedByReplica() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT f()  /* howdah: auto */")
            client.sends("Sync")
            client.forget()
            client.vanishes()
            let second = talk.client()
            second.sends("Query SELECT 1")
            let replica = talk.openServers(on: 1).last { $0.received.last == "Query SELECT 1" }
            replica?.forget()
            replica?.sends(Self.readOnly, "Ready I")
            let primary = talk.openServers(on: 0).last { $0.received.last == "Query SELECT 1" }
            primary?.forget()
            primary?.answers("1")
            second.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            second.sends("Query SELECT 1")
            primary?.gets("Query SELECT 1")
            #expect(talk.shell.events.contains { if case .classCorrected = $0 { true } else { false } })
        }
    }

    @Test("A read that calls what a replica may refuse is not sent there behind another, whose rows may leave first")
    func refusedBehindARead() {
        let text = "Query SELECT to_regclass('item')"
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1", text)
            let replica = talk.server(on: 1)
            #expect(replica.received == ["Query SELECT 1"])
            replica.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            #expect(replica.received.last == text)
            replica.sends(Self.readOnly, "Ready I")
            let primary = talk.server(on: 0)
            #expect(primary.received.last == text)
            primary.answers("2")
            client.gets("Columns v", "Row 2", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("Also after as many replicas were lost as there may be tries elsewhere")
    func refusedAfterLosses() {
        converse(pool: { $0.readsOnPrimary = .never }) { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            for _ in 0...2 { talk.server(on: 1).vanishes() }
            let replica = talk.server(on: 1)
            #expect(replica.received.last == "Query SELECT 1")
            replica.sends(Self.readOnly, "Ready I")
            talk.server(on: 0).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("The same for a prepared statement, with what came before it in the batch")
    func refusedPrepared() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT $1", "Sync")
            let replica = talk.server(on: 1)
            replica.gets("Parse howdah_0000000001: SELECT $1", "Sync")
            replica.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            client.sends("Bind <- s (1)", "Describe P", "Execute", "Sync")
            replica.gets("Bind <- howdah_0000000001 (1)", "Describe P", "Execute", "Sync")
            replica.sends("Bound", "Columns v", Self.readOnly, "Ready I")
            let primary = talk.server(on: 0)
            // It may have been told of the replica's rows.
            primary.gets("Parse howdah_0000000001: SELECT $1", "Describe S howdah_0000000001", "Flush")
            primary.sends("Parsed", "Parameters 0", "Columns v")
            primary.gets("Bind <- howdah_0000000001 (1)", "Describe P", "Execute", "Sync")
            primary.sends("Bound", "Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Bound", "Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            client.sends("Bind <- s (2)", "Sync")
            primary.gets("Bind <- howdah_0000000001 (2)", "Sync")
        }
    }

    @Test("Once a row has left there is no second try")
    func rowHasLeft() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            let replica = talk.server(on: 1)
            replica.sends("Columns v", "Row 1")
            client.gets("Columns v", "Row 1")
            replica.sends(Self.readOnly, "Ready I")
            client.gets(Self.readOnly, "Ready I")
        }
    }

    @Test("In a read-only transaction that its snapshot binds to its replica the refusal is the client's")
    func inTransaction() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "Query SELECT 1")
            client.gets("Complete BEGIN", "Ready T")
            talk.server(on: 1).sends("Complete BEGIN", "Ready T", Self.readOnly, "Ready E")
            client.gets(Self.readOnly, "Ready E")
        }
    }

    @Test(
        "Settings that no replica takes, since each says that it ends: the read fails when it was tried as often as any"
    )
    func settingsInVain() {
        converse(pool: { $0.readsOnPrimary = .never }) { talk in
            let client = talk.client()
            client.sends("Query SET work_mem = '8MB'")
            talk.server(on: 0).completes("SET")
            client.forget()
            client.sends("Query SELECT 1")
            var tries = 0
            while tries < 10,
                let replica = talk.openServers(on: 1).last(where: { $0.received.contains("Query SELECT 1") })
            {
                tries += 1
                replica.forget()
                replica.sends("Error 57P01 terminating", "Ready I", "Error 57P01 terminating", "Ready I")
            }
            #expect(tries == 4, "the first, as many as nodes, and one")
            client.gets("Error 57P01 terminating", "Ready I")
        }
    }

    @Test("A read that was told to run on a replica stays there")
    func hinted() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1 /* howdah: replica */")
            talk.server(on: 1).sends(Self.readOnly, "Ready I")
            client.gets(Self.readOnly, "Ready I")
            let unlogged = "Error 0A000 cannot access temporary or unlogged relations during recovery"
            client.sends("Query SELECT 1 /* howdah: replica */")
            talk.server(on: 1).sends("\(unlogged) [get_relation_info]", "Ready I")
            client.gets(unlogged, "Ready I")
        }
    }

    @Test("Of a server that does not have what it should, nothing is relied on any more")
    func missing() throws {
        try converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT * FROM t", "Sync")
            let server = talk.server(on: 1)
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            server.forget()
            client.sends("Bind <- s ()", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 ()", "Execute", "Sync")
            server.sends("Error 26000 prepared statement \"howdah_0000000001\" does not exist", "Ready I")
            server.gets("Query DISCARD ALL")
            let next = try #require(talk.openServers(on: 1).last)
            next.gets("Parse howdah_0000000001: SELECT * FROM t", "Bind <- howdah_0000000001 ()", "Execute", "Sync")
            next.sends("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Bound", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A statement whose rows nobody has been told of is prepared anew where they would look different")
    func preparedAnew() {
        let error = "Error 0A000 cached plan must not change result type [RevalidateCachedQuery]"
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT * FROM t", "Sync")
            let server = talk.server(on: 1)
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            server.forget()
            client.sends("Bind <- s ()", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 ()", "Execute", "Sync")
            server.sends(error, "Ready I")
            server.gets("Parse howdah_0000000002: SELECT * FROM t", "Bind <- howdah_0000000002 ()", "Execute", "Sync")
            server.sends("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Bound", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("The same of a write, which has not run")
    func writePreparedAnew() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: INSERT INTO t VALUES (1) RETURNING *", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            server.forget()
            client.sends("Bind <- s ()", "Execute", "Sync")
            server.sends("Error 0A000 cached plan must not change result type [RevalidateCachedQuery]", "Ready I")
            server.forget()
            server.sends("Parsed", "Bound", "Row 1", "Complete INSERT 0 1", "Ready I")
            client.gets("Bound", "Row 1", "Complete INSERT 0 1", "Ready I")
        }
    }

    @Test("In a transaction an outdated plan is the client's error")
    func outdatedInTransaction() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Parse s: SELECT * FROM t", "Sync")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Parsed", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Parsed", "Ready T")
            client.sends("Bind <- s ()", "Sync")
            server.sends("Error 0A000 cached plan must not change result type [RevalidateCachedQuery]", "Ready E")
            client.gets("Error 0A000 cached plan must not change result type", "Ready E")
        }
    }

    @Test(
        "A read that a replica cannot finish runs elsewhere",
        arguments: [
            "Error 40001 canceling statement due to conflict with recovery [ProcessInterrupts]",
            "Error 57014 canceling statement due to conflict with recovery [ProcessInterrupts]",
            "Fatal 57P01 terminating connection due to administrator command",
            "Fatal 57P02 terminating connection because of crash of another server process",
        ]
    )
    func elsewhere(error: String) {
        converse(nodes: 3) { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            guard let server = talk.openServers().last(where: { $0.received.last == "Query SELECT 1" }) else {
                Issue.record("nobody got it")
                return
            }
            #expect(server.node > 0)
            if error.hasPrefix("Fatal") { server.sends(error) } else { server.sends(error, "Ready I") }
            if error.hasPrefix("Fatal") { server.vanishes() }
            let other = talk.openServers().last { $0 !== server && $0.received.last == "Query SELECT 1" }
            let again = other ?? server
            again.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A statement timeout and a cancel of the client's own are its errors")
    func ownTimeout() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            let error = "Error 57014 canceling statement due to statement timeout"
            talk.server(on: 1).sends(error + " [ProcessInterrupts]", "Ready I")
            client.gets(error, "Ready I")
        }
    }

    @Test("There are as many tries as nodes, and one, where the primary takes no reads")
    func triesEnd() {
        converse(pool: { $0.readsOnPrimary = .never }) { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            var tries = 0
            while let server = talk.openServers().first(where: { $0.received.last == "Query SELECT 1" }), tries < 10 {
                tries += 1
                server.forget()
                server.sends(
                    "Error 40001 canceling statement due to conflict with recovery [ProcessInterrupts]",
                    "Ready I"
                )
                if !client.received.isEmpty { break }
            }
            #expect(tries == 4)
            client.gets("Error 40001 canceling statement due to conflict with recovery", "Ready I")
        }
    }

    @Test(
        "A time limit of the session's own ends it with the server's words, as without a proxy",
        arguments: ["25P03 terminating connection due to idle-in-transaction timeout", "25P04 terminating connection"],
        [true, false]
    )
    func sessionTimeouts(error: String, isAsked: Bool) {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.forget()
            server.sends("Complete BEGIN", "Ready T")
            server.completes("UPDATE 1", "T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            if isAsked { client.sends("Query SELECT 1") }
            server.sends("Fatal \(error)")
            server.vanishes()
            client.gets("Fatal \(error)")
            #expect(client.isClosed)
        }
    }
}
