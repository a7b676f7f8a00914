import SettingSamples
import Testing

@testable import Configuration

@Suite struct SettingTableTests {
    @Test func everyNameHasOneRowThatAcceptsItsDefault() throws {
        #expect(SettingTable.definitions.map(\.name.rawValue).sorted() == SettingName.allCases.map(\.rawValue).sorted())
        for definition in SettingTable.definitions {
            #expect((try? definition.kind.parse(definition.defaultText)) != nil, "\(definition.name)")
            #expect(!definition.scopes.isEmpty)
            #expect(definition.documentation.hasSuffix("."), "\(definition.name)")
        }
    }

    /// A setting that is read and then forgotten would pass every other test.
    @Test func everySettingReachesTheValue() throws {
        // One worker is all that there is so far, and coordination has rules of its own.
        for definition in SettingTable.definitions where ![.workers, .coordination].contains(definition.name) {
            for scope in definition.scopes {
                let name = scope == .proxy ? "" : " app"
                // A node needs a host beside whatever else is set, but conninfo brings its own.
                let needsHost = scope == .node && definition.name != .host && definition.name != .conninfo
                let setting = "\(definition.name.rawValue) = \(definition.otherValue)"
                let text = "[\(scope.rawValue)\(name)]\n" + (needsHost ? "host = plain\n" : "")
                let nodes = scope == .node ? [] : ["host=plain", "host=second", "host=third"]
                let changed = try load(text + setting, environment: Self.environment(definition), nodes: nodes)
                // The same names, so that nothing but the setting can make the difference.
                let unset = scope == .node ? "[node app]\nhost = plain" : "[proxy]"
                let base = try load(unset, environment: Self.environment(definition), nodes: nodes)
                let hasChanged = Self.typedValues(changed) != Self.typedValues(base)
                #expect(hasChanged, "\(definition.name.rawValue) in \(scope.rawValue)")
            }
        }
    }

    static func environment(_ definition: SettingDefinition) -> [String: String] {
        switch definition.name {
        case .authType: ["HOWDAH_AUTH_FILE": "users.txt"]
        default: trusting
        }
    }

    /// All that other modules can see.
    private static func typedValues(_ configuration: Configuration) -> String {
        let pool = configuration.pools.options(database: "app", user: "app")
        let nodes = configuration.nodes.map { "\($0) \($0.monitorPassword?.reveal() ?? "")" }
        let secret = configuration.proxy.coordination.password?.reveal() ?? ""
        return "\(configuration.proxy) \(secret) \(nodes) \(pool)"
    }

    @Test func listsWhatIsInForce() throws {
        let listing = try load("[proxy]\nquery_wait_timeout = 90000ms\nmonitor_password = hush").listing
        let wait = try #require(listing.first { $0.name == "query_wait_timeout" })
        #expect(wait == SettingListing(name: "query_wait_timeout", value: "90s", defaultValue: "2min", change: .reload))
        #expect(listing.first { $0.name == "monitor_password" }?.value == "********")
        #expect(listing.count == SettingTable.names(in: .proxy).count)
    }

    @Test func aReloadWithoutAChangeIsEqual() throws {
        #expect(try load("[proxy]\npool_size = 5") == load("# moved\n\n[proxy]\n  pool_size = '5'"))
        #expect(try load("[proxy]\npool_size = 5") != load("[proxy]\npool_size = 6"))
        #expect(try load("[user u]\npool_size = 5") != load("[proxy]"))
    }
}
