import ProxyCore
import Testing

/// What the proxy answers without a server: BEGIN before anything needs it, and what is about the proxy.
struct LocalAnswerTests {
    @Test("A transaction without a statement touches no server", arguments: ["COMMIT", "ROLLBACK"])
    func empty(end: String) {
        converse { talk in
            let client = talk.client()
            client.sends(
                "Query BEGIN",
                "Query \(end)",
                "Query START TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                "Query \(end)"
            )
            client.gets(
                "Complete BEGIN",
                "Ready T",
                "Complete \(end)",
                "Ready I",
                "Complete START TRANSACTION",
                "Ready T",
                "Complete \(end)",
                "Ready I"
            )
            talk.server(on: 0).getsNothing()
        }
    }

    @Test("The same in the extended protocol")
    func emptyExtended() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : BEGIN", "Bind <- ()", "Describe P", "Execute", "Sync")
            client.gets("Parsed", "Bound", "NoData", "Complete BEGIN", "Ready T")
            client.sends("Parse : COMMIT", "Describe S", "Bind <- ()", "Execute", "Close S", "Sync")
            client.gets("Parsed", "Parameters 0", "NoData", "Bound", "Complete COMMIT", "Closed", "Ready I")
            talk.server(on: 0).getsNothing()
        }
    }

    @Test("BEGIN goes out in front of the first statement, with all that was said of the transaction")
    func deferred() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN ISOLATION LEVEL REPEATABLE READ", "Query SET TRANSACTION NOT DEFERRABLE")
            client.gets("Complete BEGIN", "Ready T", "Complete SET", "Ready T")
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.gets(
                "Query BEGIN ISOLATION LEVEL REPEATABLE READ;SET TRANSACTION NOT DEFERRABLE",
                "Query UPDATE t SET x = 1"
            )
            server.sends("Complete BEGIN", "Complete SET", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete UPDATE 1", "Ready T")
        }
    }

    @Test(
        "A read-only transaction runs on a replica, however it was said",
        arguments: [
            ["Query BEGIN READ ONLY"], ["Query BEGIN", "Query SET TRANSACTION READ ONLY"],
            ["Query START TRANSACTION READ ONLY"],
        ]
    )
    func readOnly(words: [String]) {
        converse { talk in
            talk.shell.catalog = Conversation.catalog()
            let client = talk.client()
            for word in words { client.sends(word) }
            client.forget()
            client.sends("Query SELECT 1")
            talk.settle()
            let begin = words.map { String($0.dropFirst(6)) }.joined(separator: ";")
            talk.server(on: 1).gets("Query \(begin)", "Query SELECT 1")
        }
    }

    @Test("BEGIN that the server refuses takes the connection: nothing can be built on it")
    func refusedBegin() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            client.gets("Complete BEGIN", "Ready T")
            let server = talk.server(on: 0)
            server.sends("Error XX000 out of luck", "Ready I")
            #expect(server.isClosed)
            client.getsError("Error 08007 the server was lost before it answered", ready: "E")
            client.sends("Query SELECT 1")
            client.getsError(
                "Error 25P02 current transaction is aborted, commands ignored until end of transaction block",
                ready: "E"
            )
            client.sends("Query ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
        }
    }

    @Test("Execute without Bind in the batch of a BEGIN does not run what an earlier batch bound")
    func executeWithoutBind() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : SELECT 1", "Bind <- ()", "Execute", "Sync")
            talk.server(on: 1).sends("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.sends("Parse : BEGIN", "Execute", "Sync")
            let server = talk.server(on: 0)
            server.gets("Parse : BEGIN", "Execute", "Sync")
            server.sends("Parsed", "Error 34000 portal \"\" does not exist", "Ready I")
            client.gets("Parsed", "Error 34000 portal \"\" does not exist", "Ready I")
        }
    }

    @Test(
        "What is wrong in the batch of a BEGIN is for the server to say",
        arguments: [
            ["Parse : BEGIN", "Bind <- nosuch ()", "Execute", "Sync"],
            ["Parse : BEGIN", "Bind <- (1)", "Execute", "Sync"],
            ["Parse : BEGIN", "Bind p <- ()", "Execute", "Sync"],
            ["Parse : BEGIN", "Bind <- ()", "Execute p", "Sync"],
            ["Parse : BEGIN", "Describe P", "Sync"],
            ["Parse : BEGIN", "Describe S nosuch", "Sync"],
            ["Parse : BEGIN", "Bind <- ()", "Execute", "Execute", "Sync"],
        ]
    )
    func wrongBatches(words: [String]) {
        converse { talk in
            let client = talk.client()
            for word in words.dropLast() { client.sends(word) }
            client.sends("Sync")
            client.getsNothing()
            talk.server(on: 0).gets(words: words)
        }
    }

    @Test("A name that is taken fails the transaction that no server knows of yet")
    func duplicateInDeferred() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Parse s: COMMIT", "Sync", "Parse s: COMMIT", "Sync")
            client.gets("Complete BEGIN", "Ready T", "Parsed", "Ready T")
            let server = talk.server(on: 0)
            server.gets("Query BEGIN", "Parse s: ", "Parse s: COMMIT", "Sync", "Close S s", "Sync")
            server.sends(
                "Complete BEGIN",
                "Ready T",
                "Parsed",
                "Error 42P05 prepared statement \"s\" already exists",
                "Ready E",
                "Closed",
                "Ready E"
            )
            client.gets("Error 42P05 prepared statement \"s\" already exists", "Ready E")
            client.sends("Query COMMIT")
            server.gets("Query COMMIT")
            server.completes("ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
        }
    }

    @Test("An error of the proxy's own fails the transaction that no server knows of yet")
    func ownErrorInDeferred() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query SET howdah.route = 'nowhere'")
            client.gets(
                "Complete BEGIN",
                "Ready T",
                "Error 22023 invalid value for parameter \"howdah.route\": \"nowhere\"",
                "Ready E"
            )
            client.sends("Query COMMIT")
            client.gets("Complete ROLLBACK", "Ready I")
            talk.server(on: 0).getsNothing()
        }
    }

    @Test("howdah.route is set, shown and reset without a server, and decides")
    func route() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SHOW howdah.route", "Query SET howdah.route = 'primary'")
            client.gets(
                "Columns howdah.route",
                "Row none: no statement has run yet",
                "Complete SHOW",
                "Ready I",
                "Complete SET",
                "Ready I"
            )
            client.sends("Query SELECT 1")
            talk.server(on: 0).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            client.sends("Query SHOW howdah.route")
            client.gets("Columns howdah.route", "Row n0 (primary): howdah.route", "Complete SHOW", "Ready I")
            client.sends("Query RESET howdah.route", "Query SELECT 1")
            talk.server(on: 1).answers("1")
            client.gets("Complete RESET", "Ready I", "Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A write that a hint sends to a replica is refused")
    func hintedWrite() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1 /* howdah: replica */")
            let error = client.getsError(
                "Error 25006 this statement cannot run on a replica: INSERT, UPDATE, DELETE, MERGE or TRUNCATE",
                ready: "I"
            )
            #expect(error?.field("H") != nil)
        }
    }

    @Test("statement mode refuses transactions: BEGIN at once, and what a server opens all the same")
    func statementMode() {
        converse(pool: { $0.mode = .statement }) { talk in
            let client = talk.client()
            client.sends("Query BEGIN")
            let error = client.getsError(
                "Error 0A000 transaction blocks are not allowed in statement pooling mode",
                ready: "I"
            )
            #expect(error?.field("H")?.contains("pool_mode = transaction") == true)
            client.sends("Query SELECT 1; BEGIN")
            let server = talk.server(on: 0)
            server.sends("Columns v", "Row 1", "Complete SELECT 1", "Complete BEGIN", "Ready T")
            talk.settle()
            #expect(client.isClosed)
            #expect(server.isClosed || server.received.last == "Query ROLLBACK")
        }
    }

    @Test("session mode: one server from the first statement to the end, cleaned behind it")
    func sessionMode() {
        converse(pool: { $0.mode = .session }) { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            let server = talk.server(on: 0)
            server.gets("Query SELECT 1")
            server.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            let other = talk.client()
            other.sends("Query SELECT 2")
            #expect(talk.openServers(on: 0).count == 2)
            client.sends("Query SELECT 3")
            server.gets("Query SELECT 3")
            server.answers("3")
            client.gets("Columns v", "Row 3", "Complete SELECT 1", "Ready I")
            client.sends("Terminate")
            server.gets("Query DISCARD ALL")
        }
    }
}
