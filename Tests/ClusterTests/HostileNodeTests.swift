import MonotonicTime
import ProxyCore
import Testing

@testable import Cluster

/// Nodes that answer what no PostgreSQL would: they cost an error, and no memory.
@Suite(.serialized) struct HostileNodeTests {
    private static let limit = AnswerLimit(bytes: 2 << 20, span: .question)
    /// What a flood may send beyond the limit: the kernel's buffers on both sides.
    private static let inBuffers = 16 << 20

    private static func parameters(_ port: UInt16) -> ConnectionParameters {
        let node = MonitoredNode(test: 0, name: "liar", port: port)
        return ConnectionParameters(node: node, addresses: ["127.0.0.1"], purpose: "test")
    }

    private static func deadline() -> UInt64 { MonotonicClock.now &+ 60_000_000 }

    /// Asks a node that gives this answer.
    private func ask(_ answer: FakeNode.Answer, _ limit: AnswerLimit = limit) throws -> (SessionFailure?, sent: Int) {
        let node = FakeNode(answer)
        defer { node.stop() }
        do throws(SessionFailure) {
            let session = try BlockingSession.connect(
                Self.parameters(node.port),
                limit,
                deadline: Self.deadline()
            )
            try session.query("SELECT 1") { _ in }
            return (nil, node.sent)
        } catch {
            return (error, node.sent)
        }
    }

    struct Flood: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var head: [UInt8] = []
        let piece: [UInt8]
        var isForLogIn = false
    }

    private static let letters = [UInt8](repeating: UInt8(ascii: "x"), count: 16_000)

    private static let floods: [Flood] = {
        let text = String(decoding: letters, as: UTF8.self)
        let notification = FakeNode.message(
            "A",
            FakeNode.number(5) + Array("channel\0".utf8) + letters.prefix(7000) + [0]
        )
        let empty = FakeNode.message("A", FakeNode.number(5) + [0, 0])
        let notice = FakeNode.message("N", Array("SNOTICE\0C00000\0M".utf8) + letters + [0, 0])
        let setting = FakeNode.message("S", Array("name\0".utf8) + letters + [0])
        // A row of 1 GB, as it says.
        let long = [UInt8(ascii: "D")] + FakeNode.number(1 << 30) + [0, 1] + FakeNode.number((1 << 30) - 10)
        return [
            Flood(testDescription: "rows", head: FakeNode.columns(1), piece: FakeNode.row([text])),
            Flood(
                testDescription: "rows of NULL",
                head: FakeNode.columns(50),
                piece: FakeNode.row(Array(repeating: nil, count: 50))
            ),
            Flood(testDescription: "one row", head: FakeNode.columns(1) + long, piece: letters),
            Flood(testDescription: "notifications", piece: notification),
            Flood(testDescription: "empty notifications", piece: Array(repeatElement(empty, count: 1000).joined())),
            Flood(testDescription: "notices", piece: notice),
            Flood(testDescription: "settings", piece: setting),
            Flood(
                testDescription: "results",
                piece: Array(repeatElement(FakeNode.message("C", Array("SELECT 0\0".utf8)), count: 1000).joined())
            ),
            Flood(testDescription: "settings while logging in", piece: setting, isForLogIn: true),
            Flood(
                testDescription: "one notice while logging in",
                head: [UInt8(ascii: "N")] + FakeNode.number(1 << 30) + Array("SNOTICE\0M".utf8),
                piece: letters,
                isForLogIn: true
            ),
        ]
    }()

    @Test("A flood ends at the bound, with an error that names the node and the bound", arguments: floods)
    func floodsEnd(_ flood: Flood) throws {
        let (failure, sent) = try ask(
            FakeNode.Answer(head: flood.head, bytes: flood.piece, isRepeated: true, isForLogIn: flood.isForLogIn)
        )
        let words = "node liar sent more than 2097152 bytes in answer to one question"
        #expect(failure == .connection(.malformedAnswer(words)))
        #expect(failure?.reason.contains("what no PostgreSQL would") == true)
        #expect(sent < Self.limit.bytes + Self.inBuffers)
    }

    @Test("COPY that nobody has asked for is an error, before and behind a result", arguments: [false, true])
    func copyIsAnError(behind: Bool) throws {
        let copy = FakeNode.message("H", [0, 0, 0])
        let rows = FakeNode.columns(1) + FakeNode.row(["1"]) + FakeNode.message("C", Array("SELECT 1\0".utf8))
        let (failure, _) = try ask(FakeNode.Answer(bytes: behind ? rows + copy : copy))
        #expect(failure == .connection(.malformedAnswer("it begins COPY")))
    }

    @Test("An answer below the bound comes whole, in however many pieces")
    func longAnswersCome() throws {
        let text = String(repeating: "long ", count: 200_000)
        let node = FakeNode(FakeNode.Answer(bytes: FakeNode.result(columns: 1, [[text], ["short"]])))
        defer { node.stop() }
        let session = try BlockingSession.connect(Self.parameters(node.port), Self.limit, deadline: Self.deadline())
        for _ in 0..<9 {
            let found = try session.query("SELECT 1") { (result) throws(ProbeFailure) in
                (try result.text(0, 0), try result.text(1, 0))
            }
            #expect(found == (text, "short"))
        }
        // Nine answers of half the bound: more than it should keep something of.
        let isWornOut = session.isWornOut
        #expect(isWornOut)
    }

    @Test("The bound of a connection counts all that is asked over it")
    func boundOfAConnection() throws {
        let node = FakeNode(
            FakeNode.Answer(bytes: FakeNode.result(columns: 1, [[String(repeating: "x", count: 9000)]]))
        )
        defer { node.stop() }
        let limit = AnswerLimit(bytes: 30_000, span: .connection)
        let session = try BlockingSession.connect(Self.parameters(node.port), limit, deadline: Self.deadline())
        for _ in 0..<3 { try session.query("SELECT 1") { _ in } }
        let words = "node liar sent more than 30000 bytes over one connection"
        #expect(throws: SessionFailure.connection(.malformedAnswer(words))) { try session.query("SELECT 1") { _ in } }
    }

    // MARK: Who asks

    private static let shapes: [FakeNode.Answer] = [
        FakeNode.Answer(bytes: FakeNode.result(columns: 1, [])),
        FakeNode.Answer(bytes: FakeNode.result(columns: 0, [[]])),
        FakeNode.Answer(bytes: FakeNode.result(columns: 1, [[nil]])),
        FakeNode.Answer(bytes: FakeNode.result(columns: 13, [Array(repeating: "1", count: 13)])),
        FakeNode.Answer(bytes: FakeNode.message("C", Array("SELECT 1\0".utf8)) + FakeNode.ready),
        FakeNode.Answer(head: FakeNode.columns(1), bytes: FakeNode.row([letters.description]), isRepeated: true),
    ]

    @Test("The check of such a node fails", arguments: shapes)
    func checksFail(_ answer: FakeNode.Answer) throws {
        let node = FakeNode(answer)
        defer { node.stop() }
        let recorder = Recorder()
        let monitored = MonitoredNode(test: 0, port: node.port)
        let monitor = ClusterMonitor(nodes: [monitored], options: .slow, publish: recorder.publish, log: recorder.log)
        monitor.start()
        defer { monitor.stop() }
        let event = try recorder.waitForEvent("the check fails") {
            if case .node(_, .notReached) = $0 { true } else { false }
        }
        guard case .node(_, .notReached(.malformedAnswer)) = event else {
            Issue.record("\(event)")
            return
        }
    }

    // The bound of a catalog is more than the fake says.
    @Test("A look at its catalog fails", arguments: shapes.dropLast())
    func catalogsFail(_ answer: FakeNode.Answer) throws {
        let node = FakeNode(answer)
        defer { node.stop() }
        let recorder = Recorder()
        let loader = CatalogLoader(
            nodes: [MonitoredNode(test: 0, port: node.port)],
            options: CatalogOptions(interval: .seconds(3600)),
            publish: recorder.load,
            log: recorder.log
        )
        loader.start()
        defer { loader.stop() }
        loader.watch(database: "app")
        let place = NodeAddress.tcp(host: "127.0.0.1", port: node.port)
        let seen = Node(index: 0, name: "node0", address: place, weight: 100, state: .up(.primary))
        loader.update(ClusterView(topology: Topology(nodes: [seen]), addresses: [0: ["127.0.0.1"]], isComplete: true))
        let event = try recorder.waitForEvent("the look fails") {
            if case .catalogFailed = $0 { true } else { false }
        }
        #expect(event.description.contains("what no PostgreSQL would"))
    }

    @Test("A look at log-ins fails", arguments: shapes)
    func loginsFail(_ answer: FakeNode.Answer) throws {
        let node = FakeNode(answer)
        defer { node.stop() }
        let mailbox = Mailbox<Int>()
        var failure: SessionFailure?
        do throws(SessionFailure) {
            _ = try LoginSession.open(Self.parameters(node.port), deadline: Self.deadline(), stopper: mailbox)
        } catch {
            failure = error
        }
        guard case .connection(.malformedAnswer) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
    }
}
