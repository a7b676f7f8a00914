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

    @Test(
        "A parameter of the packet's own wins over options, wherever they stand; of each kind the last counts",
        arguments: [
            ["DateStyle": "ISO", "options": "-c datestyle=German -c x=1", "X": "2"],
            ["options": "-c datestyle=German -c x=1", "DateStyle": "ISO", "X": "2"],
            ["options": "-c x=3", "x": "1", "X": "2", "options": "-c x=4 -c datestyle=SQL -c DateStyle=ISO"],
        ] as [KeyValuePairs<String, String>]
    )
    func optionsComeFirst(_ pairs: KeyValuePairs<String, String>) throws {
        let parameters = [("user", "u")] + pairs.map { ($0.key, $0.value) }
        let found = try StartupRequest(
            version: .v3_0,
            parameters: parameters.map { .init(name: $0.0, value: $0.1) }
        )
        #expect(found.settings.sorted() == settings(["datestyle": "ISO", "x": "2"]))
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
