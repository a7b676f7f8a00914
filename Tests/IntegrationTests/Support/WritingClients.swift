import Foundation
import Synchronization

/// Clients that write rows of their own into `ledger`, one after the other, and keep what was acknowledged and what was
/// not.
final class WritingClients: Sendable {
    static let setUp = "CREATE TABLE ledger (id bigint PRIMARY KEY); GRANT ALL ON ledger TO PUBLIC"

    struct Account: Sendable, CustomStringConvertible {
        var acknowledged: [Int] = []
        /// Answered with an error: its SQLSTATE. What was to be written may be there or not.
        var failures: [(id: Int, state: String)] = []
        /// Connections that ended, and why.
        var lost: [String] = []
        /// The longest that a write was waited for.
        var longest = Duration.zero

        var description: String {
            let states = Dictionary(grouping: failures, by: \.state).mapValues(\.count)
            return
                "\(acknowledged.count) writes acknowledged, failed \(states), connections lost \(lost), longest wait \(longest)"
        }
    }

    private let isStopped = Mutex(false)
    private let account = Mutex(Account())
    private let group = DispatchGroup()

    /// - Parameter first: the least id that they write.
    init(port: UInt16, clients: Int, first: Int = 0) throws {
        for number in first..<first + clients {
            let client = try WireClient(port: port)
            group.enter()
            Thread.detachNewThread { [self] in
                var id = number
                while !isStopped.withLock({ $0 }) {
                    do {
                        try write(id, client, inTransaction: id % 3 == 0)
                    } catch {
                        account.withLock { $0.lost.append("\(error)") }
                        break
                    }
                    id += clients
                }
                client.close()
                group.leave()
            }
        }
    }

    private func write(_ id: Int, _ client: WireClient, inTransaction: Bool) throws {
        let began = ContinuousClock.now
        var replies: [WireReply] = []
        if inTransaction { replies.append(try client.query("BEGIN")) }
        replies.append(try client.query("INSERT INTO ledger VALUES (\(id))"))
        if inTransaction { replies.append(try client.query("COMMIT")) }
        let took = ContinuousClock.now - began
        let state = replies.flatMap(\.errors).first?.state
        let isCommitted = !inTransaction || replies.last?.tags == ["COMMIT"]
        account.withLock {
            $0.longest = max($0.longest, took)
            if let state {
                $0.failures.append((id, state))
            } else if isCommitted {
                $0.acknowledged.append(id)
            } else {
                $0.failures.append((id, "no COMMIT"))
            }
        }
    }

    var count: Int { account.withLock { $0.acknowledged.count } }

    /// Lets everybody finish what they are at, and waits for that.
    func stop() -> Account {
        isStopped.withLock { $0 = true }
        group.wait()
        return account.withLock { $0 }
    }
}
