import Testing

@testable import Configuration

@Suite struct NearestNameTests {
    private static let names = SettingName.allCases.map(\.rawValue)

    @Test(arguments: [
        ("pool_sise", "pool_size"), ("poolsize", "pool_size"), ("pool-size", "pool_size"),
        ("LISTEN_PROT", "listen_port"),
        ("worker", "workers"), ("max_client_conn", "max_client_connections"), ("io_methods", "io_method"),
    ])
    func finds(text: String, expected: String) {
        #expect(NearestName.of(text, among: Self.names) == expected)
    }

    @Test(arguments: ["", "x", "qqqqqqqqq", "ssl", String(repeating: "pool_size", count: 20)])
    func findsNothing(text: String) {
        #expect(NearestName.of(text, among: Self.names) == nil)
    }
}
