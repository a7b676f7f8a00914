import CLinux
import Glibc
import Testing

@testable import EventIO

/// A blocking socket at the other end of a loop's connection.
final class TestSocket: Sendable {
    private let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Connects to a port of the loopback address.
    convenience init(port: UInt16) throws {
        try self.init(address: SocketAddress(host: "127.0.0.1", port: port)!)
    }

    init(address: SocketAddress) throws {
        let descriptor = try ListeningSocket.make(family: address.family, nonblocking: false)
        self.descriptor = descriptor
        if !connect(to: address) { throw SystemError("connect to \(address)", code: errno) }
    }

    /// Connects a socket that was made before, for instance while there were descriptors; false where it fails.
    func connect(to address: SocketAddress) -> Bool {
        address.withSockaddr { Glibc.connect(number, $0, $1) } == 0
    }

    var number: Int32 { descriptor.number }

    /// Sends all, or as much as the peer lets; false where the connection broke.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Exactly `count` bytes, or fewer where the stream ends.
    func receive(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = recv(number, buffer.baseAddress! + filled, count - filled, 0)
                if got <= 0 { return }
                filled += got
            }
        }
    }

    /// What comes until the stream ends, and whether it ended in order.
    func receiveToEnd() -> (bytes: [UInt8], isOrderly: Bool) {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let got = recv(number, &buffer, buffer.count, 0)
            if got == 0 { return (all, true) }
            if got < 0 { return (all, false) }
            all += buffer[..<got]
        }
    }

    func endOutput() { shutdown(number, Int32(SHUT_WR)) }

    /// Makes the close that follows a reset instead of an orderly end.
    func resetOnClose() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// A small window, so that a peer that does not read is felt soon. Before connecting it would be smaller still.
    func shrinkReceiveBuffer() { _ = clinux_set_option(number, SOL_SOCKET, SO_RCVBUF, 8 << 10) }
}
