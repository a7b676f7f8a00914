import Bytes
import ProxyCore
import ProxySimulation
import Testing

/// Bounds on what waits for a slow peer, a busy pool or the rest of a batch.
struct BackPressureTests {
    private static let row = "Row " + String(repeating: "x", count: 1000)

    @Test("A client that does not read has its server paused, and nobody else's")
    func slowClient() {
        converse { talk in
            talk.shell.highWater = 5000
            talk.shell.lowWater = 1000
            let client = talk.client()
            let other = talk.client()
            client.sends("Query SELECT 1")
            let server = talk.server(on: 1)
            client.reads = false
            for _ in 0..<20 { server.sends(Self.row) }
            #expect(server.link.isPaused)
            #expect(server.link.toEngine.count > 5000)
            other.sends("Query SELECT 2")
            let second = talk.openServers(on: 1).last
            second?.answers("2")
            other.gets("Columns v", "Row 2", "Complete SELECT 1", "Ready I")
            server.sends("Complete SELECT 20", "Ready I")
            client.readsAgain()
            #expect(!server.link.isPaused)
            #expect(client.received.count == 22)
            #expect(client.received.last == "Ready I")
        }
    }

    @Test("A server that does not read has its client paused")
    func slowServer() {
        converse { talk in
            talk.shell.highWater = 5000
            talk.shell.lowWater = 1000
            let client = talk.client()
            client.sends("Query COPY t FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("CopyIn")
            server.reads = false
            let data = "CopyData " + String(repeating: "x", count: 1000)
            for _ in 0..<20 { client.sends(data) }
            #expect(client.link.isPaused)
            #expect(server.link.fromEngine.count < 8000)
            client.sends("CopyDone")
            server.readsAgain()
            #expect(!client.link.isPaused)
            #expect(server.received.count == 22)
            server.completes("COPY 1")
            client.gets("CopyIn", "Complete COPY 1", "Ready I")
        }
    }

    @Test("client_buffer_limit: a client that waits is read no further")
    func heldTooMuch() {
        converse(options: { $0.clientBufferLimit = 2000 }, pool: { $0.size = 1 }) { talk in
            let first = talk.client()
            first.sends("Query UPDATE t SET x = 1")
            let client = talk.client()
            for _ in 0..<30 { client.sends("Query UPDATE t SET x = '\(String(repeating: "x", count: 100))'") }
            #expect(client.link.isPaused)
            #expect(client.link.toEngine.count > 1000)
            let server = talk.server(on: 0)
            server.completes("UPDATE 1")
            #expect(!client.link.isPaused)
            first.gets("Complete UPDATE 1", "Ready I")
            for _ in 0..<30 { server.completes("UPDATE 1") }
            #expect(client.received.count == 60)
        }
    }

    @Test("max_pending_replies: the server is asked for what it owes, and the pipeline goes on")
    func pendingReplies() {
        converse(options: { $0.maximumPendingReplies = 4 }) { talk in
            let client = talk.client()
            var words: [String] = []
            for number in 0..<6 { words += ["Parse : UPDATE t SET x = \(number)", "Bind <- ()", "Execute"] }
            client.sends(bytes: (words + ["Sync"]).flatMap { WireMessage(frontend: $0).bytes })
            let server = talk.server(on: 0)
            var rounds = 0
            while client.received.last != "Ready I", rounds < 50 {
                rounds += 1
                let replies = server.received.compactMap { word -> String? in
                    switch word.prefix(4) {
                    case "Pars": "Parsed"
                    case "Bind": "Bound"
                    case "Exec": "Complete UPDATE 1"
                    case "Sync": "Ready I"
                    default: nil
                    }
                }
                #expect(replies.count <= 5)
                server.forget()
                server.sends(bytes: replies.flatMap { WireMessage(backend: $0).bytes })
            }
            #expect(client.received.count == 19)
        }
    }
}
