import ProxyCore
import Synchronization
import Testing

@testable import Cluster

/// The thread that asks Patroni, against an API of the test's own.
struct PatroniWatchTests {
    private let members: [FakePatroni.Member] = [.init(name: "a", port: 1, role: "leader"), .init(name: "b", port: 2)]

    /// The lists that were found, and what was logged.
    private final class Heard: Sendable {
        private let lists = Mutex<[[DiscoveredNode]]>([])
        let recorder = Recorder()

        func found(_ list: [DiscoveredNode]) {
            lists.withLock { $0.append(list) }
            // The recorder wakes up whoever waits.
            recorder.publish(ClusterView(topology: Topology(nodes: []), addresses: [:], isComplete: true))
        }

        @discardableResult
        func wait(_ what: String, _ test: ([DiscoveredNode]) -> Bool) throws -> [DiscoveredNode] {
            var match: [DiscoveredNode]?
            try recorder.waitForView(what) { _ in
                match = lists.withLock { $0.last.flatMap { test($0) ? $0 : nil } }
                return match != nil
            }
            return match ?? []
        }
    }

    private func watch(_ heard: Heard, _ urls: [String], interval: Duration = .milliseconds(20)) -> PatroniWatch {
        let watch = PatroniWatch(
            options: PatroniOptions(urls: urls, interval: interval, timeout: .seconds(20)),
            found: heard.found,
            log: heard.recorder.log
        )
        watch.start()
        return watch
    }

    @Test func membersAreFoundAndChangesFollow() throws {
        let patroni = FakePatroni(FakePatroni.cluster(members))
        defer { patroni.stop() }
        let heard = Heard()
        let watch = watch(heard, [patroni.url])
        defer { watch.stop() }
        let first = try heard.wait("two members") { $0.count == 2 }
        #expect(first.map(\.name) == ["a", "b"])
        #expect(first.map(\.address) == [.tcp(host: "127.0.0.1", port: 1), .tcp(host: "127.0.0.1", port: 2)])
        #expect(first.allSatisfy { $0.numericHosts == ["127.0.0.1"] && !$0.takesNoReads })
        try heard.recorder.waitForEvent("the leader") { $0 == .patroni(.leader("a")) }
        var more = members
        more[1].tags = #"{"noloadbalance": true}"#
        more.append(.init(name: "c", port: 3))
        patroni.answers(FakePatroni.cluster(more))
        let second = try heard.wait("three members") { $0.count == 3 }
        #expect(second.map(\.takesNoReads) == [false, true, false])
    }

    @Test func anyOfSeveralURLsWillDoAndSoWillTheMembersOwn() throws {
        let other = FakePatroni("")
        defer { other.stop() }
        var list = members
        list[1].api = other.url + "/patroni"
        other.answers(FakePatroni.cluster(list))
        let first = FakePatroni(FakePatroni.cluster(list))
        let heard = Heard()
        let nobody = LoopbackListener()
        let dead = "http://127.0.0.1:\(nobody.port)"
        nobody.stop()
        let watch = watch(heard, [dead, first.url])
        defer { watch.stop() }
        try heard.wait("an answer of the second") { $0.count == 2 }
        #expect(other.count == 0)
        first.stop()
        list.append(.init(name: "c", port: 3))
        other.answers(FakePatroni.cluster(list))
        try heard.wait("an answer of one that was learnt") { $0.count == 3 }
        #expect(!heard.recorder.allEvents.contains { if case .patroni(.silent) = $0 { true } else { false } })
    }

    @Test(
        "An answer that is none is told once, with the reason, and so is the next good one",
        arguments: [
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", FakePatroni.ok("{}"), "rubbish", "",
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
            FakePatroni.ok("[" + String(repeating: " ", count: 1 << 20) + "]"),
        ]
    )
    func silence(answer: String) throws {
        let patroni = FakePatroni(answer)
        defer { patroni.stop() }
        let heard = Heard()
        let watch = watch(heard, [patroni.url])
        defer { watch.stop() }
        let told = try heard.recorder.waitForEvent("silence is told") {
            if case .patroni(.silent) = $0 { true } else { false }
        }
        #expect("\(told)".contains(patroni.url), "\(told)")
        patroni.answers(FakePatroni.cluster(members))
        try heard.wait("members") { $0.count == 2 }
        try heard.recorder.waitForEvent("the answer is told") {
            $0 == .patroni(.answers(url: patroni.url, members: 2))
        }
        let silent = heard.recorder.allEvents.count { if case .patroni(.silent) = $0 { true } else { false } }
        #expect(silent == 1)
    }

    @Test func whileThereIsNoPrimaryItIsAskedAtOnceAndOften() throws {
        let patroni = FakePatroni(FakePatroni.cluster(members))
        defer { patroni.stop() }
        let heard = Heard()
        let watch = watch(heard, [patroni.url], interval: .seconds(3600))
        defer { watch.stop() }
        let node = Node(index: 0, name: "a", address: .tcp(host: "a", port: 1), weight: 1, state: .up(.primary))
        watch.update(ClusterView(topology: Topology(nodes: [node]), addresses: [:], isComplete: true))
        try heard.wait("the first answer") { $0.count == 2 }
        watch.update(ClusterView(topology: Topology(nodes: []), addresses: [:], isComplete: true))
        patroni.answers(FakePatroni.cluster(members + [.init(name: "c", port: 3)]))
        try heard.wait("another") { $0.count == 3 }
    }

    @Test func itStopsInTheMiddleOfAQuestion() {
        let nobody = LoopbackListener()
        let heard = Heard()
        let watch = watch(heard, ["http://127.0.0.1:\(nobody.port)"])
        nobody.waitForConnection()
        watch.stop()
        #expect(heard.recorder.allEvents.isEmpty)
    }
}
