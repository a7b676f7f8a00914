import Foundation
import Synchronization

/// Clients that read and write without an end, each on a connection that must not be closed.
final class OutageLoad: Sendable {
    private struct State {
        var isStopped = false
        var errors: [String] = []
        var acknowledged: [String] = []
        /// Of each client: what it has done.
        var done: [Int]
    }

    private let state: Mutex<State>
    private let threads = DispatchGroup()
    private let primaryPort: UInt16

    /// - Parameter primaryPort: tells which of the reads were lost on the primary, where they are not run again.
    init(port: UInt16, primaryPort: UInt16 = 0, readers: Int, writers: Int) throws {
        self.primaryPort = primaryPort
        state = Mutex(State(done: Array(repeating: 0, count: readers + writers)))
        for index in 0..<readers + writers {
            let client = try WireClient(port: port)
            let isWriter = index >= readers
            threads.enter()
            Thread { [self] in
                defer { threads.leave() }
                var number = 0
                while isGoingOn {
                    number += 1
                    do {
                        if isWriter { try write(client, index, number) } else { try read(client) }
                    } catch {
                        note("client \(index): \(error)")
                        return
                    }
                    state.withLock { $0.done[index] += 1 }
                }
            }.start()
        }
    }

    private var isGoingOn: Bool { state.withLock { !$0.isStopped } }

    private func note(_ error: String) { state.withLock { $0.errors.append(error) } }

    private func read(_ client: WireClient) throws {
        let reply = try client.extended("SELECT count(*) FROM written")
        guard let error = reply.errors.first else { return }
        let isPrimarys = error.fields["D"]?.contains(":\(primaryPort): ") == true
        note(reply.state + (isPrimarys ? " on the primary" : " on a replica"))
    }

    /// By turns alone and in a transaction.
    private func write(_ client: WireClient, _ writer: Int, _ number: Int) throws {
        let insert = "INSERT INTO written VALUES (\(writer), \(number))"
        let texts = number % 2 == 0 ? [insert] : ["BEGIN", insert, "COMMIT"]
        for text in texts {
            let reply = try client.query(text)
            if reply.errors.isEmpty { continue }
            note(reply.state)
            if reply.status != "I" { try client.query("ROLLBACK") }
            return
        }
        state.withLock { $0.acknowledged.append("\(writer).\(number)") }
    }

    /// Until each client has done some more from now on.
    func waitForProgress() throws {
        let before = state.withLock(\.done)
        try EndToEnd.eventually("every client to go on", within: 60) {
            state.withLock { state in
                let isBroken = state.errors.contains { $0.hasPrefix("client") }
                return isBroken || state.done.indices.allSatisfy { state.done[$0] >= before[$0] + 5 }
            }
        }
    }

    /// Ends all clients, each after what it is doing.
    func stop() {
        state.withLock { $0.isStopped = true }
        threads.wait()
    }

    /// SQLSTATEs that clients got, and whatever else went wrong.
    var errors: [String] { state.withLock(\.errors) }

    /// Rows whose commit was acknowledged, as `writer.number`.
    var acknowledged: [String] { state.withLock(\.acknowledged) }
}
