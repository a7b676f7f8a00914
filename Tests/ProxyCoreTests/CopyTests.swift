import ProxyCore
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
}
