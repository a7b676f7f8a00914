import Bytes
import PostgresWire
import ProxySimulation
import Testing

@testable import ProxyCore

/// A few clients do not stop the others.
struct FairnessTests {
    private static func bytes(_ words: String...) -> [UInt8] { words.flatMap { WireMessage(frontend: $0).bytes } }

    /// The beginning of a Parse that never ends.
    private static func halfParse(_ size: Int) -> [UInt8] {
        [UInt8(ascii: "P")] + withUnsafeBytes(of: UInt32(size + 1_000).bigEndian, Array.init)
            + [UInt8](repeating: UInt8(ascii: "x"), count: size)
    }

    // MARK: Answers of the proxy's own

    @Test(
        "A client that does not read is not answered on, whatever the answers are",
        arguments: [
            ["Query SHOW howdah.route"], ["Query BEGIN", "Query COMMIT"], ["Sync"],
            ["Query EXPLAIN ROUTE SELECT 1"],
            ["Parse : SHOW howdah.route", "Bind <- ()", "Describe P", "Execute", "Sync"],
            ["Parse : SELECT 1", "Close S", "Sync"], ["Query SET howdah.route = 'x'"],
            ["Parse a: SELECT 1", "Sync", "Close S a", "Sync"],
        ]
    )
    func unreadAnswers(round: [String]) {
        converse(options: { $0.sendHighWater = 20_000 }) { talk in
            talk.shell.highWater = 20_000
            talk.shell.lowWater = 5_000
            let client = talk.client()
            // Servers know the statement, so that the proxy may answer for them.
            client.sends("Parse b: SELECT 1", "Sync")
            for server in talk.openServers() where !server.received.isEmpty { server.sends("Parsed", "Ready I") }
            client.forget()
            client.reads = false
            let bytes = round.flatMap { WireMessage(frontend: $0).bytes }
            let flood = Array(repeatElement(bytes, count: 20_000 / bytes.count).joined())
            for _ in 0..<10 { client.sends(bytes: flood) }
            #expect(client.link.isPaused)
            #expect(client.link.fromEngine.count < 60_000)
            #expect(talk.engine.buffers.bytesInUse < 300_000)
            let other = talk.client()
            other.sends("Query SHOW howdah.read_your_writes")
            #expect(other.received.last == "Ready I")
            client.readsAgain()
            #expect(!client.link.isPaused)
            let syncs = round.count { $0.hasPrefix("Query") || $0 == "Sync" }
            #expect(client.received.count { $0.hasPrefix("Ready") } == syncs * (20_000 / bytes.count) * 10)
        }
    }

    @Test("A client that reads gets its answers by and by, not all before anybody else's turn")
    func answersByTurns() {
        converse { talk in
            let client = talk.client()
            let flood = Self.bytes("Query SHOW howdah.route")
            client.link.toEngine += Array(repeatElement(flood, count: 2_000).joined())
            talk.shell.deliver(client.link, .max)
            #expect(talk.engine.clients[talk.firstClient].unsafelyUnwrapped.pointee.output.count < 20_000)
            talk.settle()
            #expect(client.received.count == 8_000)
        }
    }

    @Test("The console's answers wait for their reader as well")
    func unreadConsole() {
        converse(options: { $0.adminUsers = ["app"] }) { talk in
            talk.shell.highWater = 20_000
            talk.shell.lowWater = 5_000
            let client = talk.client(database: "howdah")
            client.reads = false
            let flood = Array(repeatElement(Self.bytes("Query SHOW HELP"), count: 500).joined())
            client.sends(bytes: flood)
            #expect(client.link.isPaused)
            #expect(client.link.fromEngine.count < 60_000)
            client.readsAgain()
            #expect(client.received.count { $0.hasPrefix("Ready") } == 500)
        }
    }

    // MARK: Memory

    @Test("buffer_memory: who holds much is slowed, then ended; who holds little is served all the while")
    func halfMessages() {
        converse(options: {
            $0.bufferMemory = 4 << 20
            $0.adminUsers = ["app"]
        }) { talk in
            talk.chunk = 64 << 10
            let crowd = (0..<40).map { _ in talk.client() }
            let half = Self.halfParse(200_000)
            for client in crowd {
                for start in stride(from: 0, to: half.count, by: 64 << 10) {
                    client.sends(bytes: Array(half[start..<min(half.count, start + 64 << 10)]))
                }
            }
            #expect(crowd.contains { $0.link.isPaused })
            #expect(talk.engine.buffers.bytesInUse < 5 << 20)
            let good = talk.client()
            let console = talk.client(database: "howdah")
            for _ in 0..<40 {
                good.sends("Query UPDATE t SET x = 1")
                talk.server(on: 0).completes("UPDATE 1")
                good.gets("Complete UPDATE 1", "Ready I")
                console.sends("Query SHOW VERSION")
                #expect(console.received.last == "Ready I")
                let newcomer = talk.client()
                newcomer.sends("Query BEGIN")
                newcomer.gets("Complete BEGIN", "Ready T")
                newcomer.vanishes()
                talk.pass(seconds: 0.2)
            }
            let ended = crowd.filter(\.isClosed)
            #expect(!ended.isEmpty && ended.count < crowd.count)
            for client in ended {
                client.getsError("Fatal 53200 connection ended because buffer_memory is used up")
                #expect(client.isClosed)
            }
            #expect(talk.engine.buffers.bytesInUse < 5 << 20)
        }
    }

    @Test("buffer_memory: who was slowed is read again when there is room")
    func readAgain() {
        converse(options: { $0.bufferMemory = 4 << 20 }) { talk in
            let crowd = (0..<8).map { _ in talk.client() }
            for client in crowd { client.sends(bytes: Self.halfParse(500_000)) }
            let slowed = talk.client()
            slowed.sends(bytes: Self.halfParse(100_000))
            slowed.sends(bytes: [1])
            #expect(slowed.link.isPaused)
            for client in crowd { client.vanishes() }
            talk.pass(seconds: 0.1)
            #expect(!slowed.link.isPaused)
        }
    }

    // MARK: Clients that stand still

    @Test("client_message_timeout: half a message has its time, as long as nothing comes")
    func halfMessage() {
        converse(options: { $0.clientMessageTimeout = 10_000_000 }) { talk in
            let client = talk.client()
            let half = Self.bytes("Query SELECT 1")
            client.sends(bytes: Array(half[..<3]))
            talk.pass(seconds: 8)
            client.sends(bytes: Array(half[3..<5]))
            talk.pass(seconds: 8)
            client.getsNothing()
            talk.pass(seconds: 5)
            client.getsError("Fatal 57P05 terminating connection due to client_message_timeout")
            #expect(client.isClosed)
        }
    }

    @Test("client_message_timeout: neither an idle client nor a copy between two messages is in one")
    func noHalfMessage() {
        converse(options: { $0.clientMessageTimeout = 2_000_000 }) { talk in
            let idle = talk.client()
            let copying = talk.client()
            copying.sends("Query COPY t FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("CopyIn")
            copying.sends("CopyData a")
            let batch = talk.client()
            batch.sends("Parse : SELECT 1", "Bind <- ()")
            talk.pass(seconds: 30)
            idle.getsNothing()
            batch.getsNothing()
            copying.gets("CopyIn")
            copying.sends(bytes: Array(Self.bytes("CopyData abc")[..<7]))
            talk.pass(seconds: 4)
            #expect(copying.isClosed)
            #expect(server.isClosed)
        }
    }

    @Test("A Parse that has not arrived whole takes no server from anybody")
    func halfParseWithoutServer() {
        converse(pool: { $0.size = 1 }) { talk in
            let slow = talk.client()
            let parse = Self.bytes("Parse : UPDATE t SET x = '\(String(repeating: "x", count: 100_000))'", "Sync")
            slow.sends(bytes: Array(parse[..<90_000]))
            let other = talk.client()
            other.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).completes("UPDATE 1")
            other.gets("Complete UPDATE 1", "Ready I")
            talk.server(on: 0).forget()
            slow.sends(bytes: Array(parse[90_000...]))
            talk.server(on: 0).sends("Parsed", "Ready I")
            slow.gets("Parsed", "Ready I")
        }
    }

    @Test("client_message_timeout: the time in which the proxy does not read does not count")
    func pausedInMessage() {
        converse(options: { $0.clientMessageTimeout = 2_000_000 }) { talk in
            talk.shell.highWater = 5_000
            talk.shell.lowWater = 1_000
            let client = talk.client()
            client.sends("Query COPY t FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("CopyIn")
            server.reads = false
            for _ in 0..<20 { client.sends("CopyData " + String(repeating: "x", count: 1_000)) }
            client.sends(bytes: Array(Self.bytes("CopyData abc")[..<7]))
            #expect(client.link.isPaused)
            talk.pass(seconds: 20)
            #expect(!client.isClosed)
            server.readsAgain()
            client.sends(bytes: Array(Self.bytes("CopyData abc")[7...]))
            talk.pass(seconds: 20)
            #expect(!client.isClosed)
        }
    }

    @Test("client_write_timeout: who reads nothing of a reply is ended, and gives up its server")
    func unreadReply() {
        converse(options: { $0.clientWriteTimeout = 10_000_000 }) { talk in
            talk.shell.highWater = 5_000
            talk.shell.lowWater = 1_000
            let client = talk.client()
            client.sends("Query SELECT 1")
            let server = talk.server(on: 1)
            client.reads = false
            for _ in 0..<20 { server.sends("Row " + String(repeating: "x", count: 1_000)) }
            talk.pass(seconds: 8)
            // A slow reader is no stranger.
            _ = talk.shell.read(client.link, 100)
            talk.pass(seconds: 8)
            #expect(!server.isClosed)
            talk.pass(seconds: 4)
            #expect(server.isClosed)
            client.readsAgain()
            #expect(client.isClosed)
        }
    }
}

extension Conversation {
    fileprivate var firstClient: Handle {
        (0..<engine.clients.capacity).lazy.compactMap { self.engine.clients.handle(at: $0) }.first ?? .none
    }
}
