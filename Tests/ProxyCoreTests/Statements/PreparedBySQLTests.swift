import Testing

@testable import ProxyCore

/// What PREPARE and EXECUTE as SQL are to servers.
struct PreparedBySQLTests {
    private static let prepare = "Query PREPARE p AS SELECT 1"

    /// Prepares `p` on the primary.
    private func prepare(_ client: ScriptedClient) {
        client.sends(Self.prepare)
        let server = client.talk.server(on: 0)
        server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
        server.sends("Complete PREPARE", "Ready I")
        client.gets("Complete PREPARE", "Ready I")
        server.sends("Parameters", "Columns v", "Closed", "Ready I")
        client.getsNothing()
    }

    @Test(
        "EXECUTE in the extended protocol of what looks different by now: its name means a new statement, and it runs again"
    )
    func executeOfChanged() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Query EXECUTE p")
            let replica = talk.server(on: 1)
            replica.sends("Parsed", "Ready I")
            replica.answers("1")
            client.forget()
            replica.forget()
            client.sends("Parse : EXECUTE p", "Bind <- ()", "Execute", "Sync")
            replica.gets("Parse : EXECUTE howdah_0000000001", "Bind <- ()", "Execute", "Sync")
            replica.sends(
                "Parsed",
                "Bound",
                "Error 0A000 cached plan must not change result type [RevalidateCachedQuery]",
                "Ready I"
            )
            replica.gets(
                "Parse howdah_0000000004: SELECT 1",
                "Parse : EXECUTE howdah_0000000004",
                "Bind <- ()",
                "Execute",
                "Sync"
            )
            replica.sends("Parsed", "Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("What the primary has prepared a replica is given in front of the first EXECUTE")
    func brought() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Query EXECUTE p")
            let replica = talk.server(on: 1)
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            replica.sends("Parsed", "Ready I")
            client.getsNothing()
            replica.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            client.sends("Query /* again */ EXECUTE \"p\"")
            replica.gets("Query /* again */ EXECUTE howdah_0000000001")
            replica.answers("1")
            client.forget()
        }
    }

    @Test("What comes behind a PREPARE in flight waits until it is known what it has made")
    func inFlight() {
        converse { talk in
            let client = talk.client()
            client.sends(Self.prepare, "Query EXECUTE p")
            let server = talk.server(on: 0)
            server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
            server.sends("Complete PREPARE", "Ready I", "Parameters", "Columns v")
            server.getsNothing()
            server.sends("Closed", "Ready I")
            client.gets("Complete PREPARE", "Ready I")
            talk.server(on: 1).gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            talk.server(on: 1).sends("Parsed", "Ready I")
            talk.server(on: 1).answers("1")
            client.forget()
        }
    }

    @Test("A cancel that hits what follows the PREPARE is not the client's")
    func cancelledBehind() {
        converse { talk in
            let client = talk.client()
            client.sends(Self.prepare)
            let server = talk.server(on: 0)
            server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
            server.sends("Complete PREPARE", "Ready I")
            server.sends("Error 57014 canceling statement due to user request", "Ready I")
            client.gets("Complete PREPARE", "Ready I")
            server.gets("Describe S p", "Close S p", "Sync")
            server.sends("Parameters", "Columns v", "Closed", "Ready I")
            client.sends("Query EXECUTE p")
            talk.server(on: 1).gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            talk.server(on: 1).sends("Parsed", "Ready I")
            talk.server(on: 1).answers("1")
            client.forget()
        }
    }

    @Test("A PREPARE that fails makes nothing")
    func fails() {
        converse { talk in
            let client = talk.client()
            client.sends(Self.prepare)
            let server = talk.server(on: 0)
            server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
            server.sends("Error 42P01 no such relation", "Ready I", "Error 26000 no such statement", "Ready I")
            client.gets("Error 42P01 no such relation", "Ready I")
            client.sends("Query EXECUTE p")
            server.gets("Query EXECUTE p")
            server.sends("Error 26000 prepared statement \"p\" does not exist", "Ready I")
            client.gets("Error 26000 prepared statement \"p\" does not exist", "Ready I")
        }
    }

    @Test("Where the statement cannot be prepared, that is EXECUTE's error")
    func cannotBeBrought() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Query EXECUTE p")
            let replica = talk.server(on: 1)
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            replica.sends("Error 42601 no such words", "Ready I")
            client.getsNothing()
            replica.sends("Error 26000 prepared statement \"howdah_0000000001\" does not exist", "Ready I")
            client.gets("Error 42601 no such words", "Ready I")
            client.sends("Query EXECUTE p")
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            replica.sends("Parsed", "Ready I")
            replica.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    /// An INSERT in a batch that no Sync ends.
    private func beginBatch(_ client: ScriptedClient, then query: String) {
        client.sends("Parse : INSERT INTO t VALUES (1)", "Bind", "Execute", query)
        let server = client.talk.server(on: 0)
        #expect(!server.received.contains("Sync"))
        server.forget()
        server.sends("Parsed", "Bound", "Complete INSERT 0 1")
        client.gets("Parsed", "Bound", "Complete INSERT 0 1")
    }

    private func fail(_ client: ScriptedClient) {
        client.sends("Query BEGIN", "Query SELECT 1/0")
        let server = client.talk.server(on: 0)
        server.sends("Complete BEGIN", "Ready T", "Error 22012 division by zero", "Ready E")
        server.forget()
        client.forget()
    }

    @Test(
        "A name under which servers know what clients share is nobody's to run or to give back",
        arguments: [
            "EXECUTE howdah_0000000001", "EXECUTE \"howdah_0000000001\"", "DEALLOCATE HOWDAH_0000000001",
            "SELECT 1; EXECUTE howdah_0000000001",
        ],
        [true, false]
    )
    func proxysNames(text: String, isQuery: Bool) {
        if !isQuery, text.contains(";") { return }
        converse { talk in
            let client = talk.client()
            if isQuery {
                client.sends("Query \(text)")
            } else {
                client.sends("Parse : \(text)", "Bind <- ()", "Execute", "Sync")
            }
            let server = talk.server(on: 0)
            #expect(server.received.contains("Parse : howdah refuses this message"))
            if !isQuery { server.sends("Parsed") }
            server.sends("Error 42601 syntax error", "Ready I")
            let error = "Error 26000 prepared statement \"howdah_0000000001\" does not exist"
            if isQuery { client.gets(error, "Ready I") } else { client.gets("Parsed", error, "Ready I") }
        }
    }

    @Test("What a text prepares behind the end of a failed transaction is nobody else's")
    func preparedBehindFailure() {
        converse { talk in
            let client = talk.client()
            fail(client)
            client.sends("Query ROLLBACK; PREPARE k AS SELECT 1")
            let server = talk.server(on: 0)
            server.gets("Query ROLLBACK; PREPARE k AS SELECT 1")
            server.sends("Complete ROLLBACK", "Complete PREPARE", "Ready I")
            client.gets("Complete ROLLBACK", "Complete PREPARE", "Ready I")
            client.sends("Query EXECUTE k")
            server.gets("Query EXECUTE k")
            server.answers("1")
            client.sends("Terminate")
            server.gets("Query DISCARD ALL")
        }
    }

    @Test("Nor does a text reach them behind the end of a failed transaction")
    func proxysNameBehindFailure() {
        converse { talk in
            let client = talk.client()
            fail(client)
            client.sends("Query ROLLBACK; EXECUTE howdah_0000000001")
            let server = talk.server(on: 0)
            server.gets("Parse : howdah refuses this message", "Sync")
            server.sends("Error 25P02 aborted", "Ready E")
            client.gets("Error 26000 prepared statement \"howdah_0000000001\" does not exist", "Ready E")
        }
    }

    @Test(
        "What needs the client's names behind the end of a failed transaction in one text is refused",
        arguments: [
            "ROLLBACK; EXECUTE p", "ROLLBACK; PREPARE p AS SELECT 2", "COMMIT; DEALLOCATE p",
            "ROLLBACK TO s; PREPARE p AS SELECT 2", "ROLLBACK; SELECT name FROM pg_prepared_statements",
        ]
    )
    func namesBehindFailure(text: String) {
        converse { talk in
            let client = talk.client()
            prepare(client)
            fail(client)
            client.sends("Query \(text)")
            let server = talk.server(on: 0)
            #expect(server.received.suffix(2) == ["Parse : howdah refuses this message", "Sync"])
            if server.received.contains("Close S howdah_0000000001") { server.sends("Closed", "Ready E") }
            server.sends("Error 25P02 aborted", "Ready E")
            client.gets(
                "Error 0A000 prepared statements cannot be used behind the end of a failed transaction in one Query or batch",
                "Ready E"
            )
        }
    }

    @Test("Behind the end of a failed transaction in its batch or pipeline, EXECUTE finds its statement")
    func executedBehindFailure() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            fail(client)
            client.sends("Parse : ROLLBACK", "Bind", "Execute", "Query EXECUTE p")
            let server = talk.server(on: 0)
            #expect(server.received.last == "Flush")
            server.forget()
            server.sends("Parsed", "Bound", "Complete ROLLBACK")
            server.gets("Parse howdah_0000000001: SELECT 1", "Flush")
            server.sends("Parsed")
            server.gets("Query EXECUTE howdah_0000000001")
            server.answers("1")
            client.gets("Parsed", "Bound", "Complete ROLLBACK", "Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            fail(client)
            client.sends("Query ROLLBACK", "Query EXECUTE p")
            server.gets("Query ROLLBACK")
            server.sends("Complete ROLLBACK", "Ready I")
            client.gets("Complete ROLLBACK", "Ready I")
            #expect(talk.engine.inspect().waiting == 0)
        }
    }

    /// Not so yet: it waits for replies to nothing.
    @Test("In the middle of a batch, who has prepared nothing looks at once at a server that knows nothing")
    func nothingToShowInBatch() {
        converse { talk in
            let client = talk.client()
            client.sends("Close S nosuch", "Query SELECT name FROM pg_prepared_statements")
            guard let server = talk.openServers().first(where: { !$0.received.isEmpty }) else {
                Issue.record("nobody got it")
                return
            }
            server.gets("Close S nosuch", "Flush")
            server.sends("Closed")
            client.gets("Closed")
            server.gets("Query SELECT name FROM pg_prepared_statements")
        }
    }

    @Test("PREPARE of a name that is taken undoes the batch in whose middle it stands")
    func takenInBatch() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            beginBatch(client, then: Self.prepare)
            let server = talk.server(on: 0)
            server.gets("Parse p: ", "Flush")
            server.sends("Parsed")
            server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
            server.sends("Error 42P05 there is one", "Ready I", "Parameters", "NoData", "Closed", "Ready I")
            client.gets("Error 42P05 there is one", "Ready I")
            server.gets("Query DISCARD ALL")
        }
    }

    @Test("EXECUTE in the middle of a batch waits for its statement, of whose error the batch fails")
    func broughtInBatch() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            beginBatch(client, then: "Query EXECUTE p")
            let server = talk.server(on: 0)
            server.gets("Parse howdah_0000000001: SELECT 1", "Flush")
            client.getsNothing()
            server.sends("Error 42601 no such words")
            client.gets("Error 42601 no such words")
            server.gets("Sync")
            server.sends("Ready I")
            client.gets("Ready I")
            beginBatch(client, then: "Query EXECUTE p")
            server.gets("Parse howdah_0000000001: SELECT 1", "Flush")
            server.sends("Parsed")
            server.gets("Query EXECUTE howdah_0000000001")
            server.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A statement that a server should have and has not is prepared anew")
    func lostBehindTheBack() throws {
        try converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Query EXECUTE p")
            let replica = talk.server(on: 1)
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            replica.sends("Parsed", "Ready I")
            replica.sends("Error 26000 prepared statement \"howdah_0000000001\" does not exist", "Ready I")
            replica.gets("Query DISCARD ALL")
            let next = try #require(talk.openServers(on: 1).last)
            next.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            next.sends("Parsed", "Ready I")
            next.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("Errors have the client's name for the statement")
    func reworded() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Query EXECUTE p(1)")
            let replica = talk.server(on: 1)
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001(1)")
            replica.sends("Parsed", "Ready I")
            replica.sends("Error 42601 wrong number of parameters for \"howdah_0000000001\"", "Ready I")
            client.gets("Error 42601 wrong number of parameters for \"p\"", "Ready I")
        }
    }

    @Test("A server that is lost behind the PREPARE takes nothing but the PREPARE with it")
    func lost() {
        converse { talk in
            let client = talk.client()
            client.sends(Self.prepare)
            let server = talk.server(on: 0)
            server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
            server.sends("Complete PREPARE", "Ready I")
            client.gets("Complete PREPARE", "Ready I")
            talk.disconnect(server, reason: "gone")
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
            talk.server(on: 1).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    // MARK: What Parse takes and PREPARE would not

    /// Has a client prepare a text that the primary accepts.
    private func parse(_ client: ScriptedClient, _ name: String, _ text: String) {
        client.sends("Parse \(name): \(text)", "Sync")
        let server = client.talk.openServers(on: 0).last
        server?.forget()
        server?.sends("Parsed", "Ready I")
        client.forget()
    }

    @Test("EXECUTE of DISCARD ALL is the server's to refuse", arguments: [true, false])
    func executeOfDiscard(isQuery: Bool) {
        converse { talk in
            let client = talk.client()
            client.sends("Parse foo: DISCARD ALL", "Sync")
            // It has been parsed and not run: on whichever node.
            talk.openServers().last?.sends("Parsed", "Ready I")
            client.forget()
            let prepared = "Parse howdah_0000000001: DISCARD ALL"
            if isQuery {
                client.sends("Query EXECUTE foo")
                let server = talk.server(on: 0)
                server.gets(prepared, "Sync", "Query EXECUTE howdah_0000000001")
                server.sends("Parsed", "Ready I")
                server.sends("Error 25001 DISCARD ALL cannot be executed from a function", "Ready I")
                client.getsError("Error 25001 DISCARD ALL cannot be executed from a function", ready: "I")
            } else {
                client.sends("Parse : EXECUTE foo", "Bind <- ()", "Execute", "Sync")
                let server = talk.server(on: 0)
                server.gets(prepared, "Parse : EXECUTE howdah_0000000001", "Bind <- ()", "Execute", "Sync")
                server.sends(
                    "Parsed",
                    "Parsed",
                    "Bound",
                    "Error 25001 DISCARD ALL cannot be executed from a function",
                    "Ready I"
                )
                client.gets("Parsed", "Bound", "Error 25001 DISCARD ALL cannot be executed from a function", "Ready I")
            }
        }
    }

    @Test("EXECUTE of BEGIN opens a transaction where all that follows runs")
    func executeOfBegin() {
        converse { talk in
            let client = talk.client()
            parse(client, "foo", "BEGIN")
            client.sends("Query EXECUTE foo")
            let server = talk.server(on: 0)
            server.forget()
            server.sends("Parsed", "Ready I")
            server.sends("Complete BEGIN", "Ready T")
            client.gets("Complete BEGIN", "Ready T")
            client.sends("Query SELECT 1")
            server.forget()
            server.sends("Columns v", "Row 1", "Complete SELECT 1", "Ready T")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready T")
            client.sends("Query ROLLBACK")
            server.gets("Query ROLLBACK")
            server.completes("ROLLBACK")
            client.forget()
        }
    }

    @Test(
        "EXECUTE of what only the proxy can answer is answered by it",
        arguments: ["SHOW howdah.route", "DEALLOCATE ALL"]
    )
    func executeOfTheProxysOwn(text: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Parse foo: \(text)", "Sync")
            client.gets("Parsed", "Ready I")
            client.sends("Parse : EXECUTE foo", "Bind <- ()", "Execute", "Sync")
            if text.hasPrefix("SHOW") {
                client.gets("Parsed", "Bound", "Row none: no statement has run yet", "Complete SHOW", "Ready I")
                client.sends("Query EXECUTE foo")
                client.gets("Columns howdah.route", "Row none: no statement has run yet", "Complete SHOW", "Ready I")
            } else {
                client.gets("Parsed", "Bound", "Complete DEALLOCATE ALL", "Ready I")
            }
        }
    }

    @Test("A setting that EXECUTE changes travels with the client")
    func executeOfSet() {
        converse { talk in
            let client = talk.client()
            parse(client, "foo", "SET work_mem = '5MB'")
            client.sends("Query EXECUTE foo")
            let server = talk.server(on: 0)
            server.gets("Query EXECUTE howdah_0000000001")
            server.completes("SET")
            client.gets("Complete SET", "Ready I")
            client.sends("Query SELECT 1")
            let replica = talk.server(on: 1)
            replica.gets(
                "Query BEGIN ISOLATION LEVEL READ COMMITTED;SELECT pg_catalog.set_config('work_mem','5MB',false);COMMIT",
                "Query SELECT 1"
            )
            replica.completes("SELECT 1")
            replica.completes("SELECT 1")
            client.forget()
        }
    }

    @Test("An EXECUTE that is lost with its server gives back what it holds, and no more")
    func executeThatIsLost() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Parse : SELECT 2", "Sync")
            talk.openServers(on: 0).last?.forget()
            let first = talk.servers.last
            first?.sends("Parsed", "Ready I")
            client.forget()
            client.sends("Query /* howdah: primary */ EXECUTE p")
            let server = talk.server(on: 0)
            server.sends(bytes: [0x44, 0, 0, 0, 1])
            #expect(server.isClosed)
            client.forget()
            client.sends("Query DEALLOCATE ALL")
            client.gets("Complete DEALLOCATE ALL", "Ready I")
        }
    }
}
