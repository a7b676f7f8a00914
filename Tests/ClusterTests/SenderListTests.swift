import ProxyCore
import Testing

@testable import Cluster

/// What the primary says of those who stream from it.
struct SenderListTests {
    private let primary = NodeAddress.tcp(host: "db1", port: 5433)

    private func address(
        _ name: String,
        _ address: String,
        port: UInt16? = nil,
        primary: NodeAddress? = nil
    ) -> NodeAddress? {
        SenderList.Sender(applicationName: name, address: address).node(primary: primary ?? self.primary, port: port)?
            .address
    }

    @Test func lists() {
        #expect(SenderList("!") == .denied)
        #expect(SenderList("") == .told([]))
        #expect(
            SenderList("walreceiver\t10.0.0.2\n:5434\t")
                == .told([
                    .init(applicationName: "walreceiver", address: "10.0.0.2"),
                    .init(applicationName: ":5434", address: ""),
                ])
        )
    }

    @Test func portsOfReplicasThatDoNotTellTheirs() {
        #expect(address("walreceiver", "10.0.0.2") == .tcp(host: "10.0.0.2", port: 5433))
        #expect(address("walreceiver", "10.0.0.2", port: 6000) == .tcp(host: "10.0.0.2", port: 6000))
        #expect(address("15/main", "10.0.0.2") == .tcp(host: "10.0.0.2", port: 5433))
        #expect(address("walreceiver", "fe80::2") == .tcp(host: "fe80::2", port: 5433))
    }

    @Test func applicationNamesThatTell() {
        #expect(address(":6000", "10.0.0.2", port: 7000) == .tcp(host: "10.0.0.2", port: 6000))
        #expect(address("db2:6000", "10.0.0.2") == .tcp(host: "db2", port: 6000))
        #expect(address("[2001:db8::1]:6000", "10.0.0.2") == .tcp(host: "2001:db8::1", port: 6000))
        // Names that are no addresses.
        for name in ["db2:", "db2:0", "db2:70000", "a b:5432", "db2:x"] {
            #expect(address(name, "10.0.0.2") == .tcp(host: "10.0.0.2", port: 5433), "\(name)")
        }
    }

    @Test func whoIsOnThePrimarysHostIsReachedAsThePrimaryIs() {
        #expect(address(":6000", "127.0.0.1") == .tcp(host: "db1", port: 6000))
        #expect(address(":6000", "::1") == .tcp(host: "db1", port: 6000))
        #expect(address(":6000", "") == .tcp(host: "db1", port: 6000))
        let local = NodeAddress.unix(directory: "/run", port: 5432)
        #expect(address(":6000", "", primary: local) == .unix(directory: "/run", port: 6000))
        // Its port is the primary's own: where it listens cannot be told.
        #expect(address("walreceiver", "127.0.0.1") == nil)
    }
}
