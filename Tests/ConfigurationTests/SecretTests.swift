import Testing

@testable import Configuration

@Suite struct SecretTests {
    private static let word = "hunter2secret"

    @Test func noDescriptionShowsASecret() throws {
        let configuration = try load(
            "[proxy]\nmonitor_password = \(Self.word)\n[node a]\nconninfo = 'host=b password=\(Self.word)'",
            nodes: []
        )
        #expect(configuration.nodes[0].monitorPassword?.reveal() == Self.word)
        var dumped = ""
        dump(configuration, to: &dumped)
        let shown =
            "\(configuration) \(String(reflecting: configuration)) \(configuration.nodes) \(configuration.listing)"
            + dumped
        #expect(!shown.contains(Self.word))
        #expect(configuration.description.contains("monitor_password = ********"))
    }

    @Test(arguments: [
        "[proxy]\nmonitor_password = a \(word)#x", "[proxy]\nmonitor_password = '\(word)",
        "[proxy]\nmonitor_password \(word)",
        "[proxy]\nmonitor_password = 'x'\(word)", "[proxy]\nmonitor_password = 'a\u{1}\(word)'",
        "[proxy]\nmonitor_pasword = \(word)",
        "[node a]\nconninfo = host=a password=x \(word)", "[node a]\nconninfo = host=a password=x \(word)=y",
        "[node a]\nconninfo = postgres://u:x@\(word)@a", "[node a]\nconninfo = postgres://u:\(word)/@a",
        "[node a]\nconninfo = postgres://u:\(word)/a", "[node a]\nconninfo = host=a password=\(word) port=x",
        "[node a]\nconninfo = postgres://u:%\(word)@a", "[node a]\nconninfo = postgres://a?password=\(word)&x",
        "[node a]\nconninfo = postgres://a?password=x&\(word)=1",
    ])
    func noProblemShowsASecret(text: String) throws {
        let found = try problems(text, nodes: [])
        #expect(!found.isEmpty)
        #expect(!found.contains { $0.contains(Self.word) }, "\(found)")
    }
}
