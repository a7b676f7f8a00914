import SettingSamples
import Testing

@testable import Configuration

/// What a reload comes to: what differs, and what of it stays as it was.
@Suite struct ConfigurationChangeTests {
    private static let nodes = "\n[node one]\nhost = a\n[node two]\nhost = b\n[node three]\nhost = c\n"

    private func configuration(_ settings: String) throws -> Configuration {
        try load("[proxy]\n" + settings + Self.nodes, environment: [:], nodes: [])
    }

    /// What was in effect, and what a file with other settings makes of it.
    private func change(_ old: String, _ new: String, in directory: TemporaryDirectory) throws -> ConfigurationChange {
        try source(new, in: directory).change(from: configuration(old))
    }

    private func source(_ settings: String, in directory: TemporaryDirectory) throws -> ConfigurationSource {
        let file = try directory.file(Array(("[proxy]\n" + settings + Self.nodes).utf8))
        return ConfigurationSource(file: file, environment: [:], nodes: [])
    }

    private func problems(_ old: String, _ new: String) throws -> [String] {
        let directory = try TemporaryDirectory()
        do {
            _ = try change(old, new, in: directory)
            return []
        } catch let error as ConfigurationError {
            return error.problems.map { String($0.description.replacing(directory.path + "/", with: "")) }
        }
    }

    @Test func whatCanChangeIsNewAndTheRestIsKept() throws {
        let directory = try TemporaryDirectory()
        let change = try change(
            "pool_size = 5\nlisten_port = 7000\nbuffer_memory = 300MB",
            "pool_size = 6\nlisten_port = 7001\nlog_level = debug",
            in: directory
        )
        #expect(change.changed == [.poolSize, .logLevel])
        #expect(
            change.kept == [
                .init(name: .listenPort, value: "7000", wanted: "7001"),
                .init(name: .bufferMemory, value: "300MB", wanted: "256MB"),
            ]
        )
        #expect(change.effective.proxy.listen.port == 7000)
        #expect(change.effective.proxy.buffers.bufferMemory == 300 << 20)
        #expect(change.effective.pools.proxy.size == 6)
        #expect(change.summary == "pool_size = 6; log_level = debug")
        // What is in effect now is what the next reload goes by.
        let again = try source("pool_size = 6\nlisten_port = 7000\nbuffer_memory = 300MB", in: directory)
        let next = try again.change(from: change.effective)
        #expect(next.changed == [.logLevel] && next.kept.isEmpty)
    }

    @Test func whereNothingDiffersNothingChanges() throws {
        let change = try change("pool_size = 5", "# moved\npool_size = '5'", in: TemporaryDirectory())
        #expect(change.isEmpty && change.summary == "no setting has changed")
    }

    @Test func nodesDatabasesAndUsersAreToldByName() throws {
        let directory = try TemporaryDirectory()
        func source(_ text: String) throws -> ConfigurationSource {
            ConfigurationSource(file: try directory.file(Array(text.utf8)), environment: [:], nodes: [])
        }
        let old = try source(
            "[node one]\nhost = a\n[node two]\nhost = b\n[node three]\nhost = c\n[database app]\npool_size = 3"
        ).load()
        let change = try source(
            """
            [node one]
            host = a
            weight = 7
            [node zwei]
            host = b
            [node three]
            host = c
            [user u]
            split = off
            """
        ).change(from: old)
        #expect(change.nodes.changed == ["one"] && change.nodes.added == ["zwei"] && change.nodes.removed == ["two"])
        #expect(change.databases.removed == ["app"] && change.users.added == ["u"])
        #expect(
            change.summary
                == "node zwei added; node two removed; node one changed; database app removed; user u added"
        )
        #expect(change.changed.isEmpty && change.kept.isEmpty)
    }

    /// A secret is told to have changed, and not what it is.
    @Test func secretsAreNotShown() throws {
        let change = try change(
            "monitor_password = first\netcd_password = first",
            "monitor_password = second\netcd_password = second",
            in: TemporaryDirectory()
        )
        #expect(change.changed == [.monitorPassword])
        #expect(change.kept == [.init(name: .etcdPassword, value: "********", wanted: "********")])
        #expect(!"\(change) \(change.summary)".contains("second"))
    }

    @Test func whatContradictsItselfIsRefused() throws {
        #expect(
            try problems("", "pool_sise = 3")
                == [#"proxy.conf:2:1: unknown setting "pool_sise" in [proxy]; did you mean "pool_size"?"#]
        )
    }

    /// Both are right in themselves, and beside what stays until a restart one of them is not.
    @Test func whatContradictsWhatStaysIsRefused() throws {
        #expect(
            try problems("buffer_memory = 8MB", "buffer_memory = 64MB\nclient_buffer_limit = 16MB")
                == [
                    """
                    proxy.conf:3:23: client_buffer_limit (16MB) must be at most buffer_memory (8MB); buffer_memory \
                    stays "8MB" until a restart
                    """
                ]
        )
        #expect(
            try problems(
                "failover = promote\ncoordination = etcd\netcd_urls = http://e\netcd_scope = s",
                "failover = follow"
            ).first?.contains(#"coordination stays "etcd" until a restart"#) == true
        )
    }

    /// How clients log in where nothing is said hangs on where they come from, and that needs a restart.
    @Test func authenticationGoesByWhereItListens() throws {
        let found = try problems("listen_addresses = *\nauth_type = trust", "listen_addresses = localhost")
        #expect(found.count == 1 && found[0].contains("auth_type = scram-sha-256 needs auth_file"), "\(found)")
        let open = try configuration("")
        #expect(open.listing.first { $0.name == "auth_type" }?.value == "trust")
    }

    @Test func everySettingOfTheTableIsEitherChangedOrKept() throws {
        for definition in SettingTable.definitions where definition.scopes.contains(.proxy) {
            let environment = SettingTableTests.environment(definition)
            let text = "[proxy]\n\(definition.name.rawValue) = \(definition.otherValue)\n"
            if [.workers, .coordination].contains(definition.name) { continue }
            let (old, new) = (
                try load("[proxy]", environment: environment, nodes: ["host=a", "host=b", "host=c"]),
                try load(text, environment: environment, nodes: ["host=a", "host=b", "host=c"])
            )
            let change = ConfigurationChange(from: old, to: new)
            let name = definition.name
            switch definition.change {
            case .reload: #expect(change.changed == [name] && change.kept.isEmpty, "\(name)")
            case .restart: #expect(change.changed.isEmpty && change.kept.map(\.name) == [name], "\(name)")
            }
            let listed = change.effective.listing.first { $0.name == name.rawValue }
            let wanted = definition.change == .reload ? new : old
            #expect(listed == wanted.listing.first { $0.name == name.rawValue }, "\(name)")
        }
    }

    /// What databases, users and nodes have of their own can always change.
    @Test func whatNeedsARestartIsOfTheProxyAlone() {
        for definition in SettingTable.definitions where definition.change == .restart {
            #expect(definition.scopes == [.proxy], "\(definition.name)")
        }
    }
}
