import Dispatch
import Glibc
import Testing

@testable import EventIO

extension EventIOSuite {
    @Suite("Addresses and names")
    struct AddressTests {
        @Test("numeric addresses are read and written")
        func numeric() throws {
            let four = try #require(SocketAddress(host: "192.0.2.7", port: 5432))
            #expect(four.description == "192.0.2.7:5432")
            #expect(four.addressBytes == [192, 0, 2, 7])
            let six = try #require(SocketAddress(host: "2001:db8::1", port: 1))
            #expect(six.description == "[2001:db8::1]:1")
            #expect(six.addressBytes.count == 16)
            for wrong in ["", "localhost", "1.2.3", "1.2.3.4.5", "::g", "300.1.1.1"] {
                #expect(SocketAddress(host: wrong, port: 1) == nil)
            }
        }

        @Test("paths up to 107 bytes")
        func paths() throws {
            let path = "/" + String(repeating: "p", count: 106)
            let address = try #require(SocketAddress(unixPath: path))
            #expect(address.host == path)
            #expect(address.description == "unix:\(path)")
            #expect(address.isUnix)
            #expect(SocketAddress(unixPath: path + "p") == nil)
            #expect(SocketAddress(unixPath: "") == nil)
        }

        @Test("names resolve on another thread; what does not says so")
        func names() async throws {
            let local = await withCheckedContinuation { continuation in
                NameResolver.resolve(host: "localhost", port: 5432) { continuation.resume(returning: $0) }
            }
            let addresses = try local.get()
            #expect(!addresses.isEmpty)
            #expect(addresses.allSatisfy { $0.port == 5432 && ["127.0.0.1", "::1"].contains($0.host) })
            let missing = await withCheckedContinuation { continuation in
                NameResolver.resolve(host: "no such host", port: 1) { continuation.resume(returning: $0) }
            }
            #expect(throws: NameResolver.Failure.self) { try missing.get() }
        }

        @Test("a descriptor closes with its owner, and not when taken")
        func descriptors() {
            let first = dup(0)
            do { _ = Descriptor(first) }
            let second = dup(0)
            #expect(second == first || fcntl(first, F_GETFD) < 0)
            let owner = Descriptor(second)
            #expect(owner.take() == second)
            #expect(fcntl(second, F_GETFD) >= 0)
            close(second)
        }
    }
}
