import Testing

extension EndToEnd {
    @Suite struct Startup {
        @Test func welcomesAsAServerDoes() throws {
            let direct = try WireClient(port: cluster().primary.port, user: "app")
            let client = try client()
            #expect(client.parameters == direct.parameters)
            #expect(client.key.count == 4)
            #expect(try client.value("SELECT 1") == "1")
        }
    }
}
