import PostgresWire
import Testing

@testable import ProxyCore

struct StartupRequestTests {
    private func request(_ pairs: KeyValuePairs<String, String>) throws(PostgresError) -> StartupRequest {
        try StartupRequest(version: .v3_0, parameters: pairs.map { .init(name: $0.key, value: $0.value) })
    }

    private func settings(_ pairs: KeyValuePairs<String, String>) -> [SessionSetting] {
        pairs.map { SessionSetting(name: $0.key, value: $0.value) }
    }

    @Test(
        "options, in all the forms that libpq passes on",
        arguments: [
            ("-c work_mem=8MB", ["work_mem": "8MB"]),
            ("-cwork_mem=8MB  -c geqo=off", ["work_mem": "8MB", "geqo": "off"]),
            ("--work-mem=8MB", ["work_mem": "8MB"]),
            ("--search_path=a,b", ["search_path": "a,b"]),
            ("-c app.x=a=b", ["app.x": "a=b"]),
            ("-c x=", ["x": ""]),
            (#"-c x=a\ b\\c"#, ["x": #"a b\c"#]),
            ("\t-c\nX=1 ", ["x": "1"]),
            ("", [:]),
        ] as [(String, [String: String])]
    )
    func options(text: String, expected: [String: String]) throws {
        let found = try StartupRequest.settings(inOptions: text)
        #expect(Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.value) }) == expected)
    }

    @Test("options that say nothing", arguments: ["-c", "-c x", "x=1", "-x 1", "--", "--=1", "-c =1", "- c x=1"])
    func badOptions(text: String) {
        #expect(throws: PostgresError.self) { try StartupRequest.settings(inOptions: text) }
    }

    @Test func laterWinsAndNamesAreFolded() throws {
        let found = try request([
            "user": "u", "DateStyle": "ISO", "options": "-c datestyle=German -c x=1", "X": "2",
        ])
        #expect(found.settings.sorted() == settings(["datestyle": "German", "x": "2"]))
        #expect(found.user == "u")
        #expect(found.database == "u")
    }

    @Test func protocolOptionsAreNoSettings() throws {
        let found = try request(["user": "u", "database": "d", "_pq_.a": "1", "_pq_.b": ""])
        #expect(found.unrecognized == ["_pq_.a", "_pq_.b"])
        #expect(found.settings.isEmpty)
        #expect(found.database == "d")
    }

    @Test(
        "replication",
        arguments: [
            ("false", .off), ("off", .off), ("0", .off), ("no", .off), ("true", .physical), ("on", .physical),
            ("1", .physical), ("yes", .physical), ("database", .logical),
        ] as [(String, ReplicationMode)]
    )
    func replication(value: String, mode: ReplicationMode) throws {
        let found = try request(["user": "u", "replication": value])
        #expect(found.replication == mode)
        #expect(found.settings.isEmpty)
    }

    @Test func wrongReplication() {
        #expect(throws: PostgresError.self) { try request(["user": "u", "replication": "sideways"]) }
    }

    @Test func nobodyIsNoUser() {
        #expect(throws: PostgresError.self) { try request(["database": "d"]) }
        #expect(throws: PostgresError.self) { try request(["user": ""]) }
    }
}
