import Testing

@testable import Configuration

@Suite struct EnvironmentTests {
    @Test func beatsTheFile() throws {
        let configuration = try load(
            """
            [proxy]
            listen_port = 7000
            pool_size = 8
            [database app]
            pool_size = 9
            pool_mode = session
            """,
            environment: trusting.merging([
                "HOWDAH_LISTEN_PORT": "7001", "HOWDAH_DATABASES": "app: pool_size=11; *: split=off",
                "HOWDAH_USERS": "alice: pool_mode = statement min_pool_size='3'", "PATH": "/bin",
                "HOWDAH_DEMO_PRIMARY": "x", "HOWDAH_TEST_ANY": "x", "HOWDAH_PG_BIN": "/x",
            ]) { $1 }
        )
        #expect(configuration.proxy.listen.port == 7001)
        let app = configuration.pools.options(database: "app", user: "bob")
        #expect(app.size == 11)
        #expect(app.mode == .session)
        #expect(!app.split)
        let alice = configuration.pools.options(database: "app", user: "alice")
        #expect(alice.mode == .statement)
        #expect(alice.minimumSize == 3)
        #expect(configuration.pools.options(database: "other", user: "bob").size == 8)
    }

    @Test func everyProxySettingHasItsVariable() {
        for name in SettingTable.names(in: .proxy) {
            let found = problems(environment: [name.environmentVariable: "\u{1}"], nodes: ["host=a"])
            #expect(
                found == [
                    """
                    environment variable \(name.environmentVariable): the value of "\(name.rawValue)" holds a \
                    control character
                    """
                ]
            )
        }
    }

    @Test(arguments: [
        ("HOWDAH_POOL_SISE", "1", "there is no such setting; did you mean HOWDAH_POOL_SIZE?"),
        ("HOWDAH_NODE", "host=a", "there is no such setting; did you mean HOWDAH_NODES?"),
        ("HOWDAH_QQQQQQ", "1", "there is no such setting"),
        ("HOWDAH_HOST", "1", "there is no such setting"),
        ("HOWDAH_POOL_SIZE", "", "\"\" is no value of \"pool_size\", which takes an integer from 1 to 100000"),
        ("HOWDAH_DATABASES", "app pool_size=1", "expected NAME: setting=value …, with \";\" before the next name"),
        ("HOWDAH_DATABASES", ": pool_size=1", "expected the name of a database before the \":\""),
        ("HOWDAH_USERS", "*: pool_size=1", "expected the name of a user before the \":\""),
        (
            "HOWDAH_USERS", "u: pool_size",
            "[user u]: expected keyword=value at character 2; a value with blanks needs quotes"
        ),
        ("HOWDAH_USERS", "u: pool_sise=1", "unknown setting \"pool_sise\" in [user u]; did you mean \"pool_size\"?"),
        (
            "HOWDAH_USERS", "u: split=on; u: split=on",
            "[user u] is here for the second time; give its settings in one place"
        ),
        ("HOWDAH_NODES", "host='a", "this connection string cannot be used: the quote at character 6 is not closed"),
    ])
    func tellsProblems(variable: String, text: String, expected: String) {
        let nodes = variable == "HOWDAH_NODES" ? [] : ["host=a"]
        let found = problems(environment: trusting.merging([variable: text]) { $1 }, nodes: nodes)
        #expect(found == ["environment variable \(variable): \(expected)"])
    }

    @Test func nodesReplaceThoseOfLesserSources() throws {
        let text = "[node one]\nhost = file"
        let environment = trusting.merging(["HOWDAH_NODES": "host=e1 port=1; host=e2 password='a;b' ;"]) { $1 }
        #expect(try load(text, nodes: []).nodes.map(\.name) == ["one"])
        let fromEnvironment = try load(text, environment: environment, nodes: []).nodes
        #expect(fromEnvironment.map(\.name) == ["e1:1", "e2:5432"])
        #expect(fromEnvironment[1].monitorPassword?.reveal() == "a;b")
        #expect(try load(text, environment: environment, nodes: ["host=c"]).nodes.map(\.name) == ["c:5432"])
    }
}
