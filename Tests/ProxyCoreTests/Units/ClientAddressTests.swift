import Glibc
@testable import ProxyCore
import SeededRandom
import Testing

struct ClientAddressTests {
    private static func address(_ text: String) -> [UInt8] {
        var ipv4 = in_addr()
        if inet_pton(AF_INET, text, &ipv4) == 1 { return withUnsafeBytes(of: ipv4) { Array($0) } }
        var ipv6 = in6_addr()
        return inet_pton(AF_INET6, text, &ipv6) == 1 ? withUnsafeBytes(of: ipv6) { Array($0) } : []
    }

    private static func systemText(_ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isLong = bytes.count == 16
        return bytes.withUnsafeBytes { inet_ntop(isLong ? AF_INET6 : AF_INET, $0.baseAddress, &text, 46) } == nil
            ? "?" : text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    @Test(arguments: [
        "0.0.0.0", "127.0.0.1", "10.20.30.40", "255.255.255.255", "::", "::1", "2001:db8::1", "2001:db8:0:1:1:1:1:1",
        "2001:0:0:1::1", "fe80::1:0:0:1", "1:2:3:4:5:6:7:8", "1::", "::ffff:10.0.0.1", "1:0:2:0:3:0:4:0",
    ])
    func isWrittenAsTheSystemDoes(text: String) {
        let bytes = Self.address(text)
        let address = ClientAddress(bytes: bytes, port: 5432)
        #expect(address.host == text)
        #expect("\(address)" == (bytes.count == 4 ? "\(text):5432" : "[\(text)]:5432"))
    }

    @Test func anyAddress() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            // Many zeros, so that runs of them come about.
            var bytes = (0..<16).map { _ in random.next() & 3 == 0 ? UInt8(truncatingIfNeeded: random.next() >> 8) : 0 }
            // The system also writes the deprecated IPv4-compatible addresses with dots.
            if bytes[..<12].allSatisfy({ $0 == 0 }) { bytes[0] = 0x20 }
            #expect(ClientAddress(bytes: bytes, port: 1).host == Self.systemText(bytes))
            let short = Array(bytes[..<4])
            #expect(ClientAddress(bytes: short, port: 1).host == Self.systemText(short))
        }
    }

    @Test func aSocketOfThisMachineHasNoName() {
        #expect("\(ClientAddress.unix)" == "[local]")
        #expect(ClientAddress(bytes: [], port: 17) == .unix)
    }

    @Test func whoConnectsFromWhereIsTold() {
        let address = ClientAddress(bytes: [10, 0, 0, 1], port: 4711)
        converse(options: { $0.adminUsers = ["root"] }) { talk in
            let client = talk.connect(from: address)
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "shop")])
            client.sends("Query CREATE TEMP TABLE t (a int)")
            talk.server(on: 0).completes("CREATE TABLE")
            let admin = talk.client(user: "root", database: "howdah")
            admin.sends("Query SHOW PINS")
            #expect(admin.received.contains { $0.hasSuffix(",10.0.0.1:4711") }, "\(admin.received)")
            client.vanishes("gone")
            let told = talk.shell.events.compactMap { event -> EngineEvent.Client? in
                switch event {
                case .clientLoggedIn(let client), .clientLeft(let client, "gone"): client
                default: nil
                }
            }
            #expect(
                told.map { "\($0.user) \($0.database) \($0.address)" }
                    == ["app shop 10.0.0.1:4711", "root howdah (admin console) [local]", "app shop 10.0.0.1:4711"]
            )
        }
    }

    @Test("A host is kept once, as long as a client is connected from it")
    func hosts() {
        var hosts = ClientHosts()
        let one = ClientAddress(bytes: [10, 0, 0, 1], port: 4711)
        let other = ClientAddress(bytes: Self.address("2001:db8::1"), port: 4711)
        let first = hosts.connected(from: one)
        #expect(hosts.connected(from: ClientAddress(bytes: [10, 0, 0, 1], port: 5)) == first)
        let second = hosts.connected(from: other)
        let local = hosts.connected(from: .unix)
        #expect(Set([first, second, local]).count == 3)
        #expect(hosts.address(first, port: 4711) == one && hosts.address(second, port: 4711) == other)
        #expect(hosts.address(local, port: 0) == .unix)
        hosts.left(first)
        #expect(hosts.clients == [first: 1, second: 1, local: 1])
        hosts.left(first)
        #expect(hosts.clients == [second: 1, local: 1])
        // Its number is free again.
        #expect(hosts.connected(from: ClientAddress(bytes: [10, 0, 0, 2], port: 1)) == first)
        #expect("\(hosts.address(first, port: 1))" == "10.0.0.2:1")
    }

    @Test func whoIsRefusedHasAnAddress() {
        converse(options: { $0.maximumClients = 0 }) { talk in
            let client = talk.connect(from: ClientAddress(bytes: Self.address("::1"), port: 1))
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "shop")])
            guard case .clientRefused(let told, _) = talk.shell.events.last else {
                Issue.record("nothing is told")
                return
            }
            #expect("\(told.user) \(told.database) \(told.address)" == "app shop [::1]:1")
        }
    }
}
