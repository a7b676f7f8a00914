import Bytes
import Dispatch
import Foundation
import Glibc
import Testing

@testable import EventIO

/// A running loop whose owner does what closures say and writes down what it is told.
final class TestLoop: EventHandler {
    enum Event: Equatable {
        case accepted(UInt64)
        case acceptFailed(Int32)
        case connected(UInt64)
        case connectFailed(UInt64, Int32)
        case backlogged(UInt64)
        case drained(UInt64)
        case inputEnded(UInt64)
        case closed(UInt64, Int32)
        case tick
    }

    /// What other threads look at.
    private final class Board: @unchecked Sendable {
        let condition = NSCondition()
        var events: [Event] = []
        var received: [UInt64: Int] = [:]
        var hasEnded = false
    }

    typealias Work = @Sendable (TestLoop) -> Void

    let loop: EventLoop
    let pool: BufferPool
    private let board = Board()
    let mailbox: Mailbox<Work>

    // The loop's thread only, once it runs.
    var ids: [UInt64: ConnectionID] = [:]
    private var pending: [UInt64: [UInt8]] = [:]
    private var nextToken: UInt64 = 1
    var onReceived: (TestLoop, UInt64, [UInt8]) -> Void = { _, _, _ in }
    var onClosed: (TestLoop, UInt64) -> Void = { _, _ in }
    /// What `inputEnded` is answered; where it stays, the end is noted.
    var staysAfterInput = false

    init(_ method: IOMethod, options change: (inout LoopOptions) -> Void = { _ in }) throws {
        var options = LoopOptions()
        options.method = method
        change(&options)
        pool = BufferPool(limit: 64 << 20)
        loop = try EventLoop.make(options: options, pool: pool)
        mailbox = Mailbox(bell: loop.bell)
    }

    static func echo(_ method: IOMethod, options: (inout LoopOptions) -> Void = { _ in }) throws -> TestLoop {
        let loop = try TestLoop(method, options: options)
        loop.onReceived = { $0.reply($1, $2) }
        return loop
    }

    func listen() throws -> UInt16 {
        try loop.listen(on: .tcp(host: "127.0.0.1", port: 0), backlog: 512, tag: 7)[0].port
    }

    func start() {
        let board = board
        loop.start(on: DispatchQueue(label: "loop under test"), self) {
            board.condition.withLock {
                board.hasEnded = true
                board.condition.broadcast()
            }
        }
    }

    /// Stops the loop and checks that it has given everything back.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) {
        loop.bell.stop()
        wait("the loop ends", sourceLocation: sourceLocation) { $0.hasEnded }
        #expect(pool.bytesInUse == 0, sourceLocation: sourceLocation)
        #expect(loop.connectionCount == 0, sourceLocation: sourceLocation)
        #expect(loop.listeners.isEmpty, sourceLocation: sourceLocation)
    }

    func perform(_ work: @escaping Work) { mailbox.post(work) }

    /// What `work` returns on the loop's thread.
    func ask<Answer: Sendable>(_ work: @escaping @Sendable (TestLoop) -> Answer) -> Answer {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var answer: Answer?
        perform {
            answer = work($0)
            done.signal()
        }
        done.wait()
        return answer!
    }

    // MARK: Waiting

    struct View {
        let events: [Event]
        let received: [UInt64: Int]
        let hasEnded: Bool
    }

    var view: View {
        board.condition.withLock {
            View(events: board.events, received: board.received, hasEnded: board.hasEnded)
        }
    }

    /// Waits for a condition on what has been written down. The limit is no measure: only a broken loop meets it.
    func wait(
        _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        until isMet: (View) -> Bool
    ) {
        let limit = Date().addingTimeInterval(60)
        board.condition.lock()
        defer { board.condition.unlock() }
        while !isMet(View(events: board.events, received: board.received, hasEnded: board.hasEnded)) {
            if !board.condition.wait(until: limit) {
                Issue.record("never: \(what); \(board.events)", sourceLocation: sourceLocation)
                return
            }
        }
    }

    func wait(for event: Event, sourceLocation: SourceLocation = #_sourceLocation) {
        wait("\(event)", sourceLocation: sourceLocation) { $0.events.contains(event) }
    }

    private func note(_ event: Event) {
        board.condition.withLock {
            board.events.append(event)
            board.condition.broadcast()
        }
    }

    // MARK: On the loop's thread

    /// Gathers bytes that go out when the turn ends.
    func reply(_ token: UInt64, _ bytes: [UInt8]) { pending[token, default: []] += bytes }

    func sendNow(_ token: UInt64, _ bytes: [UInt8]) {
        var queue = ByteQueue()
        queue.append(bytes, from: pool)
        loop.send(ids[token] ?? .none, &queue)
    }

    func connect(to address: SocketAddress, token: UInt64) {
        ids[token] = loop.connect(to: address, token: token)
    }

    func accepted(_ descriptor: consuming Descriptor, listener: Int, peer: SocketAddress) {
        #expect(listener == 7)
        let token = nextToken
        nextToken += 1
        ids[token] = loop.add(descriptor, token: token)
        note(.accepted(token))
    }

    func acceptFailed(listener: Int, error: Int32) { note(.acceptFailed(error)) }

    func connected(_ token: UInt64) { note(.connected(token)) }

    func connectFailed(_ token: UInt64, error: Int32) { note(.connectFailed(token, error)) }

    func received(_ token: UInt64, _ bytes: RawSpan) {
        let copy = bytes.array(0..<bytes.byteCount)
        onReceived(self, token, copy)
        board.condition.withLock {
            board.received[token, default: 0] += copy.count
            board.condition.broadcast()
        }
    }

    func inputEnded(_ token: UInt64) -> Bool {
        if staysAfterInput { note(.inputEnded(token)) }
        return staysAfterInput
    }

    func backlogged(_ token: UInt64) { note(.backlogged(token)) }

    func drained(_ token: UInt64) { note(.drained(token)) }

    func closed(_ token: UInt64, error: Int32) {
        onClosed(self, token)
        note(.closed(token, error))
    }

    func mailArrived() {
        for work in mailbox.takeAll() { work(self) }
    }

    func tick(_ now: UInt64) { note(.tick) }

    func turnEnded(_ now: UInt64) {
        guard !pending.isEmpty else { return }
        for (token, bytes) in pending { sendNow(token, bytes) }
        pending.removeAll(keepingCapacity: true)
    }
}
