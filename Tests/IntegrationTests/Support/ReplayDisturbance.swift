import Foundation
import Synchronization

@testable import LocalCluster

/// Has replicas stop and go on replaying at random, until it is stopped.
final class ReplayDisturbance: Sendable {
    private let isStopped = Mutex(false)
    private let ended = DispatchSemaphore(value: 0)

    init(_ replicas: [LocalNode], seed: UInt64) throws {
        let clients = try replicas.map { try WireClient(port: $0.port, user: "postgres") }
        Thread.detachNewThread { [self] in
            var random = seed | 1
            while !isStopped.withLock({ $0 }) {
                random ^= random << 13
                random ^= random >> 7
                random ^= random << 17
                let client = clients[Int((random >> 20) % UInt64(clients.count))]
                _ = try? client.query("SELECT pg_wal_replay_pause()")
                // How long replay stands still, and goes on, is the disturbance itself.
                Thread.sleep(forTimeInterval: Double((random >> 30) % 40) / 1000)
                _ = try? client.query("SELECT pg_wal_replay_resume()")
                Thread.sleep(forTimeInterval: Double((random >> 40) % 30) / 1000)
            }
            for client in clients {
                _ = try? client.query("SELECT pg_wal_replay_resume()")
                client.close()
            }
            ended.signal()
        }
    }

    /// Waits until all replicas replay again.
    func stop() {
        isStopped.withLock { $0 = true }
        ended.wait()
    }
}
