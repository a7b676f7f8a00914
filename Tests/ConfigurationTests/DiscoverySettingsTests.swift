import Testing

@testable import Configuration

/// How nodes are found, as it is configured.
struct DiscoverySettingsTests {
    private let urls = "patroni_urls = http://a:8008, https://b:8008/\n"

    @Test func nothingIsFoundByDefault() throws {
        let discovery = try load("").proxy.discovery
        #expect(discovery.mode == .none && discovery.port == nil && discovery.patroniURLs.isEmpty)
        #expect(discovery.forget == .seconds(10) && discovery.maxNodes == 32 && discovery.weight == 100)
    }

    @Test func patroniNeedsNoNodeAndALoginOfTheProxys() throws {
        let text = "[proxy]\ndiscover = patroni\nmonitor_user = watcher\n" + urls
        let configuration = try load(text, nodes: [])
        #expect(configuration.nodes.isEmpty)
        #expect(configuration.proxy.discovery.patroniURLs == ["http://a:8008", "https://b:8008"])
        #expect(configuration.proxy.discovery.monitorUser == "watcher")
    }

    @Test func theCertificatesArePathsAsSeenFromTheFile() throws {
        let path = try load("[proxy]\npatroni_ca_file = ca.pem\n").proxy.discovery.patroniCAFile
        #expect(path?.hasPrefix("/") == true && path?.hasSuffix("/ca.pem") == true)
    }

    @Test(
        arguments: [
            ("discover = patroni", "discover = patroni needs patroni_urls"),
            ("discover = patroni\npatroni_urls = a:8008", "\"a:8008\" in patroni_urls is no URL"),
            ("discover = patroni\npatroni_urls = http://", "in patroni_urls is no URL"),
            ("discover = replication\nfailover = promote", "needs discover = none"),
            ("discover = replication\nmax_nodes = 1", "max_nodes (1) is below the number of nodes given here (3)"),
            ("discover = consul", "discover"),
        ]
    )
    func whatCannotBe(text: String, words: String) throws {
        let found = try problems("[proxy]\n" + text + "\n", nodes: ["host=a", "host=b", "host=c"])
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test func replicationNeedsANodeToAsk() throws {
        let found = try problems("[proxy]\ndiscover = replication\n", nodes: [])
        #expect(found.contains { $0.contains("there is no node") }, "\(found)")
    }
}
