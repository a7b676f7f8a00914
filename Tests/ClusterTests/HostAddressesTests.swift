import MonotonicTime
import ProxyCore
import Testing

@testable import Cluster

@Suite struct HostAddressesTests {
    private let minute = Duration.seconds(60)

    @Test(arguments: [NodeAddress.tcp(host: "127.0.0.1", port: 1), .tcp(host: "::1", port: 1)])
    func aNumericHostIsNeverLookedUp(_ address: NodeAddress) {
        var addresses = HostAddresses(address)
        #expect(!addresses.mustWait)
        #expect(addresses.list.count == 1)
        addresses.connectFailed()
        let result1 = addresses.takeLookUp(at: 0, interval: minute)
        #expect(!result1)
    }

    @Test func aSocketHasNoAddress() {
        var addresses = HostAddresses(.unix(directory: "/run/postgresql", port: 5432))
        #expect(!addresses.mustWait)
        #expect(addresses.list.isEmpty)
        let result2 = addresses.takeLookUp(at: 0, interval: minute)
        #expect(!result2)
    }

    @Test func aNameIsLookedUpFirstThenWhenOldOrInDoubtAndOneAtATime() {
        var addresses = HostAddresses(.tcp(host: "db.example", port: 1))
        #expect(addresses.mustWait)
        let result3 = addresses.takeLookUp(at: 0, interval: minute)
        #expect(result3)
        let result4 = addresses.takeLookUp(at: 0, interval: minute)
        #expect(!result4)
        let result5 = addresses.lookedUp(["10.0.0.1", "10.0.0.2"], at: 10)
        #expect(result5)
        #expect(!addresses.mustWait)
        let result6 = addresses.takeLookUp(at: 20, interval: minute)
        #expect(!result6)
        addresses.answered("10.0.0.2")
        #expect(addresses.list == ["10.0.0.2", "10.0.0.1"])
        addresses.connectFailed()
        #expect(addresses.list == ["10.0.0.1", "10.0.0.2"])
        let result7 = addresses.takeLookUp(at: 30, interval: minute)
        #expect(result7)
        let result8 = addresses.lookedUp(["10.0.0.2", "10.0.0.1"], at: 40)
        #expect(!result8)
        let result9 = addresses.takeLookUp(at: 40 + minute.microseconds, interval: minute)
        #expect(result9)
        addresses.lookUpFailed(at: 50 + minute.microseconds)
        #expect(addresses.list == ["10.0.0.1", "10.0.0.2"])
    }
}
