import Foundation
import Testing

@testable import LocalCluster

/// The proxy's binary in front of real servers. One test after the other: they share a cluster, and count what its
/// nodes do.
@Suite(.serialized)
struct EndToEnd {
    static func cluster() throws -> LocalCluster { try TestCluster.shared.get() }
    static func proxy() throws -> HowdahProcess { try TestCluster.proxy.get() }

    /// A client of the shared proxy.
    static func client(user: String = "app", settings: [(String, String)] = []) throws -> WireClient {
        try WireClient(port: proxy().port, user: user, settings: settings)
    }

    /// The name of the node that listens on a port.
    static func node(_ port: String) throws -> String {
        try cluster().nodes.first { "\($0.port)" == port }?.name ?? "?\(port)"
    }

    /// Waits until a condition holds; asks again every few milliseconds.
    static func eventually(
        _ what: String,
        within seconds: Double = 60,
        _ condition: () throws -> Bool
    ) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try !condition() {
            guard ContinuousClock.now < deadline else { throw WireError.timedOut(what) }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    /// Repeats a round of reads until both replicas have had their part: right after a test that has made one slow, the
    /// other gets all for a moment.
    /// - Parameter round: how many reads ran where, by node.
    static func sharedByReplicas(atLeast least: Int = 1, _ round: () throws -> [String: Int]) throws {
        try eventually("both replicas to share the reads", within: 20) {
            let count = try round()
            #expect(count["primary"] == nil, "\(count)")
            return count.count == 2 && count.values.allSatisfy { $0 >= least }
        }
    }
}
