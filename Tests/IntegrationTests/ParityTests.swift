import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// The same messages, to the primary itself and through the proxy, have the same replies.
    @Suite struct Parity {
        /// - Returns: the replies, step by step; the last one says why there are no more where the script could not be
        ///   finished.
        private func play(_ script: ParityScript, port: UInt16) -> [[String]] {
            var replies: [[String]] = []
            do {
                let client = try WireClient(port: port)
                for step in script.steps {
                    try client.send(step.bytes)
                    var reply: [String] = []
                    for _ in 0..<step.cycles { reply += ParityView(try client.receiveCycle()).lines }
                    replies.append(reply)
                }
                // Nothing may be left over.
                try client.send(Frontend.query("SELECT 'the end'"))
                replies.append(ParityView(try client.receiveCycle()).lines)
            } catch {
                replies.append(["\(error)"])
            }
            return replies
        }

        private func compare(_ scripts: [ParityScript], pool: Int, seed: UInt64? = nil) throws {
            let cluster = try cluster()
            let settings = ["pool_size": "\(pool)", "pinned_reads": pool == 2 ? "replica" : "primary"]
            let proxy = try HowdahProcess(cluster, settings)
            defer { #expect(proxy.stop(), "the proxy has crashed: \(proxy.log)") }
            let disturbance = try Disturbance(port: proxy.port, clients: pool > 1 ? 2 : 1)
            defer { disturbance.stop() }
            var differences = 0
            for script in scripts {
                let direct = play(script, port: cluster.primary.port)
                let through = play(script, port: proxy.port)
                guard direct != through else { continue }
                differences += 1
                let step = zip(direct, through).enumerated().first { $0.element.0 != $0.element.1 }
                let name = step.map { $0.offset < script.steps.count ? script.steps[$0.offset].name : "the end" } ?? ""
                Issue.record(
                    """
                    pool \(pool)\(seed.map { ", seed \($0)" } ?? ""): \(script.name)
                    steps:   \(script.steps.map(\.name).joined(separator: " | "))
                    at step \(step?.offset ?? -1): \(name)
                    direct:  \(step?.element.0.joined(separator: " ").prefix(900) ?? "")
                    through: \(step?.element.1.joined(separator: " ").prefix(900) ?? "")
                    """
                )
                if differences >= 12 { break }
            }
        }

        @Test(arguments: [1, 2, 8])
        func repliesAreThoseOfTheServer(pool: Int) throws {
            try compare(ParityCases.all, pool: pool)
        }

        @Test(arguments: [1, 2, 8])
        func repliesToGeneratedScriptsAreThoseOfTheServer(pool: Int) throws {
            for seed in try TestSeeds.chosen(default: [1, 20_260_321]) {
                print("parity with a pool of \(pool): HOWDAH_TEST_SEED=\(seed)")
                var generator = ParityGenerator(seed: seed)
                try compare((0..<30).map { _ in generator.script(steps: 12) }, pool: pool, seed: seed)
            }
        }
    }
}
