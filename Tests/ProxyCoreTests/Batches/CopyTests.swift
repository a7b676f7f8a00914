import ProxyCore
import ProxySimulation
import Testing

/// COPY (PostgreSQL documentation, 55.2.6).
struct CopyTests {
    @Test("In the simple protocol; a Sync in the middle is ignored")
    func simple() {
        converse { talk in
            let client = talk.client()
            client.sends("Query COPY t FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("CopyIn")
            client.gets("CopyIn")
            client.sends("CopyData 1\n", "Sync", "Flush", "CopyDone")
            #expect(!server.received.contains("Sync"))
            server.completes("COPY 1")
            client.gets("Complete COPY 1", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test(
        "Syncs between a statement that copies and the end of its copy are ignored, though all come together",
        arguments: [["Query COPY t FROM STDIN"], ["Parse : COPY t FROM STDIN", "Bind <- ()", "Execute", "Sync"]],
        1...3
    )
    func syncsAtOnce(begin: [String], count: Int) {
        converse { talk in
            let client = talk.client()
            let isQuery = begin.count == 1
            let syncs = [String](repeating: "Sync", count: count)
            let words = begin + syncs + ["CopyData 1\n"] + syncs + ["CopyDone"] + (isQuery ? [] : ["Sync"])
            client.sends(bytes: words.flatMap { WireMessage(frontend: $0).bytes })
            let server = talk.server(on: 0)
            if !isQuery { server.sends("Parsed", "Bound") }
            server.sends("CopyIn")
            // Only what stands behind the end counts.
            #expect(server.received.filter { $0 == "Sync" }.count == (isQuery ? 0 : 1))
            server.sends("Complete COPY 1", "Ready I")
            client.gets(words: (isQuery ? [] : ["Parsed", "Bound"]) + ["CopyIn", "Complete COPY 1", "Ready I"])
            #expect(talk.engine.inspect().idleServers == 1)
            #expect(talk.engine.inspect().pendingReplies == 0)
            client.sends("Query UPDATE t SET x = 1")
            #expect(server.received.last == "Query UPDATE t SET x = 1")
        }
    }

    @Test(
        "Sync behind the Execute is ignored, whether it comes before or after the server says that it copies",
        arguments: [true, false]
    )
    func syncBehindExecute(isEarly: Bool) {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : COPY t FROM STDIN", "Bind <- ()", "Execute")
            if isEarly { client.sends("Sync") }
            let server = talk.server(on: 0)
            server.sends("Parsed", "Bound", "CopyIn")
            client.gets("Parsed", "Bound", "CopyIn")
            if !isEarly { client.sends("Sync") }
            client.sends("CopyData 1\n", "CopyDone", "Close S", "Sync")
            server.sends("Complete COPY 1", "Ready I")
            client.gets("Complete COPY 1", "Closed", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
            #expect(talk.engine.inspect().pendingReplies == 0)
        }
    }

    @Test(
        "The whole copy may be sent before the server says that it copies, in pieces that fall anywhere",
        arguments: 0...5
    )
    func ahead(split: Int) {
        converse { talk in
            let client = talk.client()
            let words = [
                "Parse : COPY t FROM STDIN", "Bind <- ()", "Execute", "Sync", "CopyData 1\n", "CopyDone", "Close S",
                "Sync",
            ]
            for word in words[..<(3 + split)] { client.sends(word) }
            let server = talk.server(on: 0)
            server.sends("Parsed", "Bound", "CopyIn")
            for word in words[(3 + split)...] { client.sends(word) }
            server.sends("Complete COPY 1", "Ready I")
            client.gets("Parsed", "Bound", "CopyIn", "Complete COPY 1", "Closed", "Ready I")
            #expect(server.received.last == "Sync")
            #expect(talk.engine.inspect().idleServers == 1)
            client.sends("Query UPDATE t SET x = 1")
            server.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test(
        "A copy that the client gives up, and one that the server does",
        arguments: ["CopyFail no", "CopyData wrong"]
    )
    func fails(end: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Query COPY t FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("CopyIn")
            client.gets("CopyIn")
            client.sends(end)
            server.sends("Error 22P02 invalid input", "Ready I")
            client.gets("Error 22P02 invalid input", "Ready I")
            // What was sent before the error was seen.
            client.sends("CopyData more", "CopyDone", "Sync")
            client.gets("Ready I")
        }
    }

    @Test("While half a CopyData comes that nobody takes, the server is let go: a BEGIN behind it holds")
    func halfOfWhatIsDropped() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            let data = WireMessage(frontend: "CopyData late").bytes
            client.sends(bytes: Array(data[..<7]))
            server.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
            client.sends(bytes: Array(data[7...]))
            client.sends("Query BEGIN", "Query UPDATE t SET x = 2")
            server.forget()
            server.sends("Complete BEGIN", "Ready T")
            server.completes("UPDATE 1", "T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.sends("Query ROLLBACK")
            server.gets("Query ROLLBACK")
        }
    }

    @Test("COPY TO is a read, and its rows are passed on")
    func out() {
        converse { talk in
            let client = talk.client()
            client.sends("Query COPY t TO STDOUT")
            talk.server(on: 1).sends(
                "CopyOut",
                "CopyData 1\n",
                "CopyData 2\n",
                "CopyDone",
                "Complete COPY 2",
                "Ready I"
            )
            client.gets("CopyOut", "CopyData 1\n", "CopyData 2\n", "CopyDone", "Complete COPY 2", "Ready I")
        }
    }

    @Test("A client that goes in the middle: the server is not handed on")
    func clientGoes() {
        converse { talk in
            let client = talk.client()
            client.sends("Query COPY t FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("CopyIn")
            client.vanishes()
            talk.settle()
            #expect(server.isClosed)
        }
    }

    /// How COPY FROM STDIN is begun.
    enum Beginning: CaseIterable {
        case query
        case extended
        case extendedWithSync

        var words: [String] {
            let batch = ["Parse : COPY t FROM STDIN", "Bind <- ()", "Execute"]
            return switch self {
            case .query: ["Query COPY t FROM STDIN"]
            case .extended: batch + ["Flush"]
            case .extendedWithSync: batch + ["Sync"]
            }
        }

        var reply: [String] { self == .query ? ["CopyIn"] : ["Parsed", "Bound", "CopyIn"] }
    }

    private func begin(
        _ talk: Conversation,
        _ beginning: Beginning,
        isInTransaction: Bool = false,
        with bytes: [UInt8] = []
    ) -> (ScriptedClient, ScriptedServer) {
        let client = talk.client()
        if isInTransaction {
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            talk.server(on: 0).sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.forget()
        }
        client.sends(bytes: beginning.words.flatMap { WireMessage(frontend: $0).bytes } + bytes)
        let server = talk.servers.last ?? talk.server(on: 0)
        if !server.isClosed { server.sends(bytes: beginning.reply.flatMap { WireMessage(backend: $0).bytes }) }
        return (client, server)
    }

    /// The server is not left in the middle of the copy, with its locks.
    private func isOver(_ client: ScriptedClient, _ server: ScriptedServer, _ talk: Conversation) {
        #expect(client.isClosed)
        #expect(server.isClosed)
        #expect(talk.engine.inspect().clients == 0)
    }

    /// CopyData whose length cannot be, a type that is none, zeros.
    static let nonsense: [([UInt8], String)] = [
        ([0x64, 0, 0, 0, 2], "invalid message length"),
        ([0x7A, 0, 0, 0, 4], "unexpected message type 0x7A during COPY from stdin"),
        ([UInt8](repeating: 0, count: 9), "unexpected message type 0x00 during COPY from stdin"),
        ([0x53, 0, 0, 0, 5, 0], "invalid message format"),
    ]

    @Test(
        "What is no message ends a copy at once, and the server with it",
        arguments: Beginning.allCases.flatMap { beginning in
            [true, false].flatMap { isEarly in [true, false].map { (beginning, isEarly, $0) } }
        },
        nonsense
    )
    func violated(how: (beginning: Beginning, isEarly: Bool, isInTransaction: Bool), what: ([UInt8], String)) {
        converse { talk in
            let bytes = WireMessage(frontend: "CopyData 1\n").bytes + what.0
            let (client, server) = begin(
                talk,
                how.beginning,
                isInTransaction: how.isInTransaction,
                with: how.isEarly ? bytes : []
            )
            if !how.isEarly { client.sends(bytes: bytes) }
            client.gets(words: how.beginning.reply + ["Fatal 08P01 \(what.1)"])
            isOver(client, server, talk)
        }
    }

    @Test(
        "Any other message in the middle of a copy ends it at once, and the connection, as in PostgreSQL",
        arguments: Beginning.allCases,
        [
            ("Parse : SELECT 1", "50"), ("Bind <- ()", "42"), ("Execute", "45"), ("Describe S ", "44"),
            ("Close S ", "43"), ("Query UPDATE t SET x = 1", "51"), ("FunctionCall 1299", "46"),
        ]
    )
    func unexpected(beginning: Beginning, message: (words: String, type: String)) {
        converse { talk in
            let (client, server) = begin(talk, beginning)
            client.sends("CopyData 1\n", message.words)
            client.gets(
                words: beginning.reply + [
                    "Fatal 08P01 unexpected message type 0x\(message.type) during COPY from stdin"
                ]
            )
            isOver(client, server, talk)
        }
    }

    @Test(
        "The same where all of it comes at once: nothing is sent behind what may copy",
        arguments: Beginning.allCases,
        ["Parse : SELECT 1", "Query UPDATE t SET x = 1", "FunctionCall 1299"]
    )
    func unexpectedAtOnce(beginning: Beginning, message: String) {
        converse { talk in
            let (client, server) = begin(
                talk,
                beginning,
                with: [message, "Sync", "Query UPDATE t SET x = 1"].flatMap { WireMessage(frontend: $0).bytes }
            )
            let type = WireMessage(frontend: message).tag
            client.gets(
                words: beginning.reply + [
                    "Fatal 08P01 unexpected message type 0x\(String(type, radix: 16)) during COPY from stdin"
                ]
            )
            #expect(server.received.last == (beginning == .query ? "Query COPY t FROM STDIN" : "Flush"))
            isOver(client, server, talk)
        }
    }

    @Test("A copy that the server refuses, and what was sent behind it", arguments: Beginning.allCases)
    func refused(beginning: Beginning) {
        converse { talk in
            let client = talk.client()
            let rest = ["CopyData 1\n", "CopyDone", "Sync", "Query UPDATE t SET x = 1"]
            client.sends(bytes: (beginning.words + rest).flatMap { WireMessage(frontend: $0).bytes })
            let server = talk.server(on: 0)
            server.sends("Error 42P01 relation \"t\" does not exist")
            server.sends("Ready I")
            if server.received.filter({ $0 == "Sync" }).count == 2 { server.sends("Ready I") }
            server.completes("UPDATE 1")
            let ready = [String](repeating: "Ready I", count: beginning == .extended ? 1 : 2)
            client.gets(
                words: ["Error 42P01 relation \"t\" does not exist"] + ready + ["Complete UPDATE 1", "Ready I"]
            )
            let copied = server.received.filter { $0.hasPrefix("Copy") }
            #expect(copied == [])
            #expect(talk.engine.inspect().pendingReplies == 0)
        }
    }

    @Test("Half a CopyData has been sent when its copy fails: nothing comes between its halves", arguments: [0, 1])
    func failsInTheMiddle(kind: Int) {
        converse { talk in
            let client = talk.client()
            client.sends("Query DO $$ BEGIN END $$; COPY t FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("Complete DO", "CopyIn")
            client.forget()
            server.forget()
            let data = WireMessage(frontend: "CopyData 1234567890\n").bytes
            client.sends(bytes: Array(data[..<9]))
            server.sends(kind == 0 ? "Error 57014 canceled" : "Complete COPY 0", "Ready I")
            client.gets(kind == 0 ? "Error 57014 canceled" : "Complete COPY 0")
            client.sends(bytes: Array(data[9...]))
            #expect(server.received.first == "CopyData 1234567890\n")
            // What the code may have set is asked for, or undone.
            #expect(server.received.count == 2 && server.received[1].hasPrefix("Query "))
            client.gets("Ready I")
        }
    }

    @Test(
        "Who leaves in the middle of a copy, however, leaves no server in it",
        arguments: Beginning.allCases,
        ["Terminate", "end", "reset", "end behind nonsense", "reset behind nonsense", "reset behind Query"]
    )
    func leaves(beginning: Beginning, farewell: String) {
        for isEarly in [true, false] {
            converse { talk in
                let client = talk.client()
                client.sends(bytes: beginning.words.flatMap { WireMessage(frontend: $0).bytes })
                let server = talk.server(on: 0)
                let reply = beginning.reply.flatMap { WireMessage(backend: $0).bytes }
                if !isEarly { server.sends(bytes: reply) }
                client.sends("CopyData 1\n")
                if farewell.contains("nonsense") { client.sends(bytes: [0x64, 0, 0, 0, 2]) }
                if farewell.contains("Query") { client.sends("Query SET timezone = 'UTC'") }
                if farewell.hasPrefix("Terminate") { client.sends("Terminate") }
                if farewell.hasPrefix("end") { client.endsSending() }
                if farewell.hasPrefix("reset") { client.vanishes() }
                if isEarly, !server.isClosed { server.sends(bytes: reply) }
                talk.settle()
                #expect(server.isClosed)
                #expect(talk.engine.inspect().clients == 0)
            }
        }
    }

    @Test(
        "Who ends its sending in the middle of a copy, and still reads, is told that it has failed",
        arguments: Beginning.allCases
    )
    func isCutOff(beginning: Beginning) {
        converse { talk in
            let (client, server) = begin(talk, beginning)
            client.sends("CopyData 1\n")
            client.endsSending()
            client.gets(
                words: beginning.reply + ["Fatal 08006 unexpected EOF on client connection with an open transaction"]
            )
            isOver(client, server, talk)
        }
    }

    @Test("A Query with two copies: the end of the first is not that of the second")
    func two() {
        converse { talk in
            let client = talk.client()
            client.sends("Query COPY t FROM STDIN; COPY u FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("CopyIn")
            client.sends("CopyData 1\n", "CopyDone")
            server.sends("Complete COPY 1", "CopyIn")
            client.sends("Sync", "CopyData 2\n")
            #expect(!server.received.contains("Sync"))
            client.sends("CopyDone", "Sync")
            server.sends("Complete COPY 1", "Ready I")
            client.gets("CopyIn", "Complete COPY 1", "CopyIn", "Complete COPY 1", "Ready I", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("The same sent whole before the server says that it copies, and a Query behind it")
    func twoAhead() {
        converse { talk in
            let client = talk.client()
            client.sends(
                "Query COPY t FROM STDIN; COPY u FROM STDIN",
                "CopyData 1\n",
                "CopyDone",
                "CopyData 2\n",
                "CopyDone"
            )
            let server = talk.server(on: 0)
            server.sends("CopyIn", "Complete COPY 1", "CopyIn")
            client.sends("Query UPDATE t SET x = 1")
            server.sends("Complete COPY 1", "Ready I")
            server.completes("UPDATE 1")
            client.gets(
                "CopyIn",
                "Complete COPY 1",
                "CopyIn",
                "Complete COPY 1",
                "Ready I",
                "Complete UPDATE 1",
                "Ready I"
            )
        }
    }
}
