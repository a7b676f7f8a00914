import ProxyCore
import ProxySimulation
import Testing

/// Flush: replies are wanted before the batch ends (PostgreSQL documentation, 55.2.3).
struct FlushTests {
    @Test("Parse, Flush and Sync in one packet are answered, also when the text comes again")
    func parseFlushSync() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : SELECT $1", "Flush", "Sync")
            let server = talk.server(on: 1)
            server.gets("Parse : SELECT $1", "Sync")
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            for _ in 0..<2 {
                client.sends("Parse : SELECT $1", "Flush", "Sync")
                client.gets("Parsed", "Ready I")
            }
            // Before a server has accepted it, the second client's reply is a server's too.
            let other = talk.client()
            for name in ["a", "b"] {
                other.sends("Parse \(name): SELECT \(name)", "Flush", "Sync")
                server.forget()
                server.sends("Parsed", "Ready I")
                other.gets("Parsed", "Ready I")
            }
        }
    }

    /// As a driver does that asks for each part of its work by itself.
    @Test("Describe, Bind and Execute of a recurring text, each behind the other's answer", arguments: [1, 0])
    func stepByStep(node: Int) {
        converse { talk in
            let client = talk.client()
            let text = node == 1 ? "SELECT $1" : "UPDATE t SET x = $1"
            for round in 0..<3 {
                client.sends("Parse : \(text)", "Flush", "Sync")
                let server = talk.server(on: node)
                if round == 0 {
                    server.gets("Parse : \(text)", "Sync")
                    server.sends("Parsed", "Ready I")
                }
                client.gets("Parsed", "Ready I")
                client.sends("Describe S", "Flush", "Sync")
                server.gets(words: ["Describe S", "Sync"])
                server.sends("Parameters 0", "NoData", "Ready I")
                client.gets("Parameters 0", "NoData", "Ready I")
                // What comes behind the Flush may write: the pipeline goes to the primary.
                client.sends("Bind <- (1)", "Flush")
                print("ALL", talk.servers.map { ($0.node, $0.received) }, client.received)
                let primary = talk.server(on: 0)
                #expect(primary.received.last == "Flush")
                primary.forget()
                let isBrought = node == 1 && round == 0
                if isBrought { primary.sends("Parsed", "Bound") } else { primary.sends("Bound") }
                client.gets("Bound")
                client.sends("Execute", "Flush")
                primary.gets("Execute", "Flush")
                primary.sends("Complete SELECT 0")
                client.gets("Complete SELECT 0")
                client.sends("Sync")
                primary.gets("Sync")
                primary.sends("Ready I")
                client.gets("Ready I")
            }
        }
    }

    @Test("What has been flushed and awaited of a read is not run a second time")
    func noSecondTry() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT 1", "Flush")
            let server = talk.server(on: 1)
            server.gets("Parse howdah_0000000001: SELECT 1", "Sync")
            server.sends("Parsed", "Ready I")
            client.gets("Parsed")
            client.sends("Sync")
            client.gets("Ready I")
            #expect(talk.engine.inspect().idleServers == 2)
        }
    }

    /// As asyncpg prepares.
    @Test("What a replica does not know yet is asked of the primary also behind Flush")
    func behindAtFlush() {
        let error = "Error 42P01 relation \"new\" does not exist"
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT * FROM new", "Describe S s", "Flush")
            let parse = "Parse howdah_0000000001: SELECT * FROM new"
            let replica = talk.server(on: 1)
            replica.gets(parse, "Describe S howdah_0000000001", "Sync")
            replica.sends(error, "Ready I")
            client.getsNothing()
            print("ALL", talk.servers.map { ($0.node, $0.received) }, client.received)
            let primary = talk.server(on: 0)
            primary.gets(parse, "Describe S howdah_0000000001", "Sync")
            primary.sends("Parsed", "Parameters 0", "Columns v", "Ready I")
            client.gets("Parsed", "Parameters 0", "Columns v")
            // What it executes is routed by itself, and asked of the primary likewise.
            client.sends("Bind <- s ()", "Execute", "Sync")
            replica.gets(parse, "Describe S howdah_0000000001", "Flush")
            replica.sends(error)
            replica.gets("Sync")
            replica.sends("Ready I")
            primary.gets("Bind <- howdah_0000000001 ()", "Execute", "Sync")
            primary.sends("Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Bound", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test(
        "Where the primary does not know it either, the error is the client's, and what follows is skipped up to Sync"
    )
    func unknownAtFlush() {
        let error = "Error 42P01 relation \"none\" does not exist"
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT * FROM none", "Describe S s", "Flush")
            talk.server(on: 1).sends(error, "Ready I")
            talk.server(on: 0).sends(error, "Ready I")
            client.gets(error)
            client.sends("Bind <- s ()", "Execute", "Sync")
            client.gets("Ready I")
        }
    }

    @Test("A lost replica is not noticed behind Flush either")
    func lostAtFlush() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT 1", "Describe S s", "Flush")
            talk.server(on: 1).vanishes()
            client.getsNothing()
            let next = talk.server(on: 0)
            next.gets("Parse howdah_0000000001: SELECT 1", "Describe S howdah_0000000001", "Sync")
            next.sends("Parsed", "Parameters 0", "Columns v", "Ready I")
            client.gets("Parsed", "Parameters 0", "Columns v")
        }
    }

    @Test("A batch in flight in front: its reply and that of the flushed one come without waiting for Sync")
    func behindBatchInFlight() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            client.sends("Parse s: SELECT 2", "Flush")
            let server = talk.server(on: 1)
            server.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            server.sends("Parsed", "Ready I")
            client.gets("Parsed")
        }
    }

    @Test("A Parse that fails behind a Flush: what follows is skipped up to Sync")
    func failsAtFlush() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELEC 1", "Flush")
            let server = talk.openServers().first { !$0.received.isEmpty } ?? talk.server(on: 0)
            server.gets("Parse howdah_0000000001: SELEC 1", "Sync")
            server.sends("Error 42601 syntax error", "Ready I")
            client.gets("Error 42601 syntax error")
            client.sends("Bind <- s ()", "Execute")
            client.getsNothing()
            client.sends("Sync")
            client.gets("Ready I")
            server.getsNothing()
            client.sends("Bind <- s ()", "Sync")
            let other = talk.server(on: 1)
            other.sends("Error 26000 prepared statement \"s\" does not exist", "Ready I")
            client.gets("Error 26000 prepared statement \"s\" does not exist", "Ready I")
        }
    }

    @Test("BEGIN that is bound and executed behind Flushes opens a transaction")
    func beginStepByStep() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : BEGIN", "Flush", "Sync")
            client.gets("Parsed", "Ready I")
            let server = talk.server(on: 0)
            server.getsNothing()
            client.sends("Bind <- ()", "Flush")
            server.gets("Parse : BEGIN", "Bind <- ()", "Flush")
            server.sends("Parsed", "Bound")
            client.gets("Bound")
            client.sends("Execute", "Flush", "Sync")
            server.gets("Execute", "Flush", "Sync")
            server.sends("Complete BEGIN", "Ready T")
            client.gets("Complete BEGIN", "Ready T")
            client.sends("Query COMMIT")
            server.gets("Query COMMIT")
            server.completes("COMMIT")
            client.gets("Complete COMMIT", "Ready I")
        }
    }

    @Test("A Parse that the proxy answers behind a batch in flight, and Flush: the answer does not wait for more")
    func answeredBehindBatch() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: UPDATE t SET x = 1", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            server.forget()
            client.sends("Query UPDATE t SET x = 2")
            client.sends("Parse t: UPDATE t SET x = 1", "Flush")
            server.gets("Query UPDATE t SET x = 2", "Flush")
            server.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I", "Parsed")
            client.sends("Bind <- t ()", "Sync")
            server.gets("Bind <- howdah_0000000001 ()", "Sync")
            server.sends("Bound", "Ready I")
            client.gets("Bound", "Ready I")
        }
    }

    @Test("Flush alone, and where nothing is under way")
    func alone() {
        converse { talk in
            let client = talk.client()
            client.sends("Flush")
            client.getsNothing()
            client.sends("Flush", "Sync")
            client.gets("Ready I")
        }
    }

    @Test("A second Sync behind a batch that fails is answered, too")
    func secondSync() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : SELECT 1", "Bind <- ()", "Describe P", "Execute", "Sync")
            let server = talk.server(on: 1)
            server.sends("Parsed", "Bound", "Columns n", "Row 1", "Complete SELECT 1", "Ready I")
            client.forget()
            server.forget()
            client.sends(bytes: ["Describe S a", "Sync", "Sync"].flatMap { WireMessage(frontend: $0).bytes })
            // Another server may know better, and is asked.
            for _ in 0..<4 {
                guard let asked = talk.servers.last(where: { $0.received.last == "Sync" }) else { break }
                asked.gets("Describe S a", "Sync")
                asked.sends("Error 26000 prepared statement \"a\" does not exist", "Ready I")
            }
            client.gets("Error 26000 prepared statement \"a\" does not exist", "Ready I", "Ready I")
        }
    }
}
