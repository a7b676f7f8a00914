import Foundation
import Synchronization

/// Other clients of the same pool, busy with settings, prepared statements, errors and transactions of their own until
/// they are stopped.
final class Disturbance: Sendable {
    private let isStopped = Mutex(false)
    private let ended = DispatchSemaphore(value: 0)
    private let clients: Int

    init(port: UInt16, clients: Int) throws {
        self.clients = clients
        for number in 0..<clients {
            let client = try WireClient(port: port)
            Thread.detachNewThread { [self] in
                var round = number
                while !isStopped.withLock({ $0 }) {
                    do {
                        try Self.disturb(client, round)
                    } catch {
                        break
                    }
                    round += 1
                }
                client.close()
                ended.signal()
            }
        }
    }

    private static func disturb(_ client: WireClient, _ round: Int) throws {
        switch round % 6 {
        case 0: try client.query("SET work_mem = '\(64 + round % 7)kB'")
        case 1: try client.query("SELECT 1/0")
        case 2:
            try client.send(
                Frontend.close(.statement, "a") + Frontend.parse("a", "SELECT 'other', \(round % 5)")
                    + Frontend.bind("", "a") + Frontend.execute() + Frontend.sync
            )
            _ = try client.receiveCycle()
        case 3: try client.query("SET datestyle = 'sql'; SET search_path = pg_catalog")
        case 4:
            try client.query("BEGIN")
            try client.query("SELECT txid_current()")
            try client.query("ROLLBACK")
        default: try client.extended("SELECT 'unnamed', $1::int", ["\(round)"])
        }
        // Now and then, so that the compared client finds servers in all states.
        Thread.sleep(forTimeInterval: 0.001)
    }

    /// Waits until all are gone.
    func stop() {
        isStopped.withLock { $0 = true }
        for _ in 0..<clients { ended.wait() }
    }
}
