import ProxyCore
import ProxySimulation
import Testing

/// Bytes that are no message, and messages that come in pieces.
struct FramingTests {
    @Test(
        "What is no message gets a FATAL error, and nobody else is harmed",
        arguments: [
            ([0x51, 0, 0, 0, 3], "08P01", "invalid message length"),
            ([0x51, 0, 0, 0, 0], "08P01", "invalid message length"),
            ([0x51, 255, 255, 255, 255], "08P01", "invalid message length"),
            ([0x51, 0x7F, 255, 255, 255], "08P01", "invalid message length"),
            ([0x51, 0x3F, 255, 255, 0xFF], "08P01", "invalid message length"),
            ([0x44, 0, 0, 0x27, 0x11], "08P01", "invalid message length"),
            ([0x00, 0, 0, 0, 4], "08P01", "invalid frontend message type 0"),
            ([0x7A, 0, 0, 0, 4], "08P01", "invalid frontend message type 122"),
            ([0x70, 0, 0, 0, 4], "08P01", "invalid frontend message type 112"),
            ([0x53, 0, 0, 0, 5, 0], "08P01", "invalid message format"),
            ([0x48, 0, 0, 0, 5, 0], "08P01", "invalid message format"),
            // In the middle of a batch.
            (
                WireMessage(frontend: "Describe S nosuch").bytes + [0x53, 0, 0, 0, 5, 0], "08P01",
                "invalid message format"
            ),
            (
                WireMessage(frontend: "Describe S nosuch").bytes + [0x7A, 0, 0, 0, 4], "08P01",
                "invalid frontend message type 122"
            ),
        ] as [([UInt8], String, String)]
    )
    func nonsense(bytes: [UInt8], state: String, message: String) {
        converse { talk in
            let neighbour = talk.client()
            let client = talk.client()
            client.sends(bytes: bytes)
            client.getsError("Fatal \(state) \(message)")
            #expect(client.isClosed)
            neighbour.sends("Query INSERT INTO t VALUES (1)")
            talk.openServers(on: 0).last?.completes("INSERT 0 1")
            neighbour.gets("Complete INSERT 0 1", "Ready I")
        }
    }

    @Test("Nonsense in an open transaction: the server is not handed on with it")
    func nonsenseInTransaction() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.gets("Query BEGIN", "Query UPDATE t SET x = 1")
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.sends(bytes: Array("garbage".utf8))
            #expect(client.isClosed)
            server.gets("Query ROLLBACK")
            #expect(talk.engine.inspect().idleServers == 0)
            server.completes("ROLLBACK")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("Messages and replies may come byte by byte")
    func inPieces() {
        converse { talk in
            talk.chunk = 1
            let client = talk.client()
            client.sends("Parse s: SELECT $1", "Describe S s", "Sync")
            let server = talk.server(on: 1)
            server.gets("Parse howdah_0000000001: SELECT $1", "Describe S howdah_0000000001", "Sync")
            server.sends("Parsed", "Parameters 0", "Columns v", "Ready I")
            client.gets("Parsed", "Parameters 0", "Columns v", "Ready I")
            client.sends("Bind <- s (x)", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 (x)", "Execute", "Sync")
            server.sends("Bound", "Row x", "Complete SELECT 1", "Ready I")
            client.gets("Bound", "Row x", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A long Query is passed on as it comes")
    func longQuery() {
        converse(options: { $0.statementTextLimit = 100 }) { talk in
            let client = talk.client()
            let text = "INSERT INTO t VALUES ('" + String(repeating: "x", count: 500) + "')"
            let bytes = WireMessage(frontend: "Query \(text)").bytes
            client.sends(bytes: Array(bytes[..<200]))
            let server = talk.server(on: 0)
            #expect(server.link.phase == .open)
            client.sends(bytes: Array(bytes[200...]))
            server.gets("Query \(text)")
            server.completes("INSERT 0 1")
            client.gets("Complete INSERT 0 1", "Ready I")
        }
    }

    @Test("Who vanishes in the middle of a message takes its server along")
    func halfMessage() {
        converse(options: { $0.statementTextLimit = 100 }) { talk in
            let client = talk.client()
            let bytes = WireMessage(frontend: "Query INSERT " + String(repeating: "x", count: 500)).bytes
            client.sends(bytes: Array(bytes[..<300]))
            let server = talk.server(on: 0)
            client.vanishes()
            talk.settle()
            #expect(server.isClosed)
        }
    }

    @Test("A Query whose end is not seen yet is read on, however small client_buffer_limit is")
    func smallBufferLimit() {
        converse(options: { $0.clientBufferLimit = 1000 }) { talk in
            talk.chunk = 600
            let client = talk.client()
            let text = "INSERT INTO t VALUES ('" + String(repeating: "x", count: 5000) + "')"
            client.sends("Query \(text)")
            talk.server(on: 0).gets("Query \(text)")
            talk.server(on: 0).completes("INSERT 0 1")
            client.gets("Complete INSERT 0 1", "Ready I")
        }
    }

    @Test("A server that sends what is no message is closed, and its client told")
    func brokenServer() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends(bytes: [0x44, 0, 0, 0, 1])
            #expect(server.isClosed)
            client.getsError("Error 08007 the server was lost before it answered", ready: "I")
        }
    }

    @Test("A server that answers what nobody asked is closed", arguments: ["Parsed", "Ready I", "Closed", "Bound"])
    func unaskedReply(words: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            if words == "Ready I" { server.sends("Complete UPDATE 1", words, words) } else { server.sends(words) }
            #expect(server.isClosed)
            client.sends("Query UPDATE t SET x = 2")
            talk.server(on: 0).gets("Query UPDATE t SET x = 2")
        }
    }

    @Test(
        "A message behind another in one batch whose length cannot be: FATAL, whatever the type",
        arguments: Array("PBDEC".utf8),
        [0, 3] as [UInt8]
    )
    func shortBehindParse(tag: UInt8, length: UInt8) {
        converse { talk in
            let neighbour = talk.client()
            let client = talk.client()
            client.sends(bytes: WireMessage(frontend: "Parse : SELECT 1").bytes + [tag, 0, 0, 0, length])
            client.getsError("Fatal 08P01 invalid message length")
            #expect(client.isClosed)
            neighbour.sends("Query INSERT INTO t VALUES (1)")
            talk.openServers(on: 0).last?.completes("INSERT 0 1")
            neighbour.gets("Complete INSERT 0 1", "Ready I")
        }
    }

    @Test("A Sync with a body while a refused batch is skipped, its head in two pieces")
    func longSyncWhileSkipping() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : /* howdah: replica */ INSERT INTO t VALUES (1)", "Bind <- ()", "Execute")
            client.getsError(
                "Error 25006 this statement cannot run on a replica: INSERT, UPDATE, DELETE, MERGE or TRUNCATE"
            )
            client.sends(bytes: [0x53, 0, 0])
            client.sends(bytes: [0x03, 0xE8])
            client.getsError("Fatal 08P01 invalid message format")
            #expect(client.isClosed)
        }
    }

    @Test("What was sent in front of it is carried out and answered first")
    func behindWhatIsInFlight() {
        converse { talk in
            let client = talk.client()
            client.sends(bytes: WireMessage(frontend: "Query UPDATE t SET x = 1").bytes + [0x51, 0, 0, 0, 3])
            let server = talk.server(on: 0)
            server.gets("Query UPDATE t SET x = 1")
            client.getsNothing()
            server.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I", "Fatal 08P01 invalid message length")
            #expect(client.isClosed)
            #expect(!server.isClosed)
        }
    }

    @Test("A description may come in pieces behind a Parse that the proxy answers itself")
    func descriptionInPieces() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT 1", "Sync")
            let server = talk.server(on: 1)
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            client.sends("Close S s", "Sync")
            client.gets("Closed", "Ready I")
            // Both are known to the server: their answers stand around the reply to Describe.
            talk.chunk = 7
            client.sends("Parse s: SELECT 1", "Describe S s", "Parse : SELECT 1", "Sync")
            server.sends("Parameters", "Columns aaaaaaaaaaaaaaaaaaaaaaaa", "Ready I")
            client.gets("Parsed", "Parameters 0", "Columns aaaaaaaaaaaaaaaaaaaaaaaa", "Parsed", "Ready I")
        }
    }

    @Test("What a server sends in reply to what must fail, or more parameters than any has, closes it")
    func serversThatGoOn() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            for number in 0..<300 where !server.isClosed { server.sends("Parameter p\(number)=x") }
            #expect(server.isClosed)
            #expect(client.received.suffix(2) == ["Error 08007 the server was lost before it answered", "Ready I"])
        }
    }
}
