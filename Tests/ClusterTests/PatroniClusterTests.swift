import ProxyCore
import Testing

@testable import Cluster

/// What Patroni answers.
struct PatroniClusterTests {
    private func decode(_ text: String) throws(PatroniFailure) -> PatroniCluster {
        try PatroniCluster(json: Array(text.utf8))
    }

    @Test func aClusterWithAllThatIsOfUse() throws {
        let cluster = try decode(
            """
            {"members": [
              {"name": "a", "role": "leader", "state": "running", "api_url": "http://10.0.0.1:8008/patroni",
               "host": "10.0.0.1", "port": 5432, "timeline": 7, "tags": {"clonefrom": true, "zone": "east"}},
              {"name": "b", "role": "sync_standby", "state": "streaming", "host": "db2", "port": 5433, "timeline": 7, "lag": 0,
               "tags": {"noloadbalance": true, "nofailover": "Yes"}},
              {"name": "c", "role": "replica", "state": "stopped", "lag": "unknown", "tags": {"failover_priority": 0},
               "host": "/run/postgresql", "port": 5434},
              {"name": "d", "role": "replica", "state": "creating replica"}],
             "scope": "demo", "pause": true, "scheduled_switchover": {"at": "2030-01-01T00:00:00+00:00", "from": "a", "to": "b"}}
            """
        )
        #expect(cluster.members.map(\.name) == ["a", "b", "c", "d"])
        #expect(cluster.leader == "a" && cluster.isPaused)
        #expect(cluster.switchover == .init(at: "2030-01-01T00:00:00+00:00", to: "b"))
        #expect(
            cluster.members.map(\.address) == [
                .tcp(host: "10.0.0.1", port: 5432), .tcp(host: "db2", port: 5433),
                .unix(directory: "/run/postgresql", port: 5434), nil,
            ]
        )
        #expect(cluster.members.map(\.takesNoReads) == [false, true, false, false])
        #expect(cluster.members.map(\.isNeverPromoted) == [false, true, true, false])
        #expect(cluster.members.map(\.zone) == ["east", nil, nil, nil])
        #expect(cluster.members.map(\.timeline) == [7, 7, nil, nil])
        #expect(cluster.members[0].apiURL == "http://10.0.0.1:8008/patroni")
    }

    @Test(
        "What is no answer of Patroni's is none: nobody is taken to have left by it",
        arguments: [
            "", "{", "[]", "{}", #"{"members": {}}"#, #"{"members": ["a"]}"#, #"{"members": [{"name": "a"}]}"#,
            #"{"members": [{"name": "", "role": "replica"}]}"#,
            #"{"members": [{"name": "a", "role": "replica", "host": "h"}]}"#,
            #"{"members": [{"name": "a", "role": "replica", "host": "h", "port": 70000}]}"#,
            #"{"members": [{"name": "a", "role": "replica", "host": "h", "port": "5432"}]}"#,
        ]
    )
    func malformed(text: String) {
        #expect(throws: PatroniFailure.self) { try decode(text) }
    }

    @Test func depthAndRubbishAreRefused() {
        #expect(throws: PatroniFailure.self) { try decode(String(repeating: "[", count: 100_000)) }
        #expect(throws: PatroniFailure.self) { try PatroniCluster(json: [0xFF, 0x00, 0x7B]) }
    }

    @Test func newsAreWhatHasChanged() throws {
        func cluster(_ leader: String?, _ more: String = "") throws -> PatroniCluster {
            let members = ["a", "b"].map { #"{"name": "\#($0)", "role": "\#($0 == leader ? "leader" : "replica")"}"# }
            return try decode(#"{"members": [\#(members.joined(separator: ","))]\#(more)}"#)
        }
        let first = try cluster("a")
        let planned = try cluster("a", #", "scheduled_switchover": {"at": "noon", "from": "a", "to": "b"}"#)
        #expect(PatroniNews.between(nil, first) == [.leader("a")])
        #expect(PatroniNews.between(first, first) == [])
        #expect(PatroniNews.between(first, planned) == [.switchoverPlanned(at: "noon", to: "b")])
        #expect(PatroniNews.between(planned, first) == [.switchoverCalledOff])
        // Carried out, not called off.
        #expect(try PatroniNews.between(planned, cluster("b")) == [.leader("b")])
        #expect(try PatroniNews.between(first, cluster(nil)) == [.leader(nil)])
        #expect(try PatroniNews.between(first, cluster("a", #", "pause": true"#)) == [.paused])
        #expect(try PatroniNews.between(cluster("a", #", "pause": true"#), first) == [.resumed])
    }

    @Test func basesOfURLs() {
        #expect(PatroniURL.base(of: "http://10.0.0.1:8008/patroni") == "http://10.0.0.1:8008")
        #expect(PatroniURL.base(of: "https://[::1]:8008") == "https://[::1]:8008")
        #expect(PatroniURL.base(of: "ftp://a") == nil)
        #expect(PatroniURL.base(of: "http:///patroni") == nil)
    }
}
