import Foundation
import Synchronization

/// Passes connections to 127.0.0.1 on to another port there, until it is cut: then it accepts nobody and drops what it
/// has.
final class Relay: Sendable {
    let port: UInt16
    private let target: UInt16
    private let state: Mutex<State>

    private struct State {
        var listener: Int32
        var sockets: Set<Int32> = []
    }

    init(to target: UInt16) throws {
        self.target = target
        let listener = try Self.listen(on: 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
        }
        port = UInt16(bigEndian: address.sin_port)
        state = Mutex(State(listener: listener))
        accept(listener)
    }

    private static func listen(on port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0, Glibc.listen(descriptor, 64) == 0 else { throw WireError.system("listen", errno) }
        return descriptor
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return address
    }

    private func accept(_ listener: Int32) {
        Thread.detachNewThread { [self] in
            while true {
                let client = Glibc.accept(listener, nil, nil)
                // shutdown(2) of the listener ends the wait.
                guard client >= 0 else { break }
                let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
                var address = Self.loopback(target)
                let status = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
                guard status == 0 else {
                    close(client)
                    close(server)
                    continue
                }
                state.withLock { $0.sockets.formUnion([client, server]) }
                let pair = Pair(relay: self, client, server)
                pair.pass(from: client, to: server)
                pair.pass(from: server, to: client)
            }
            close(listener)
        }
    }

    /// Two sockets, which are closed when both directions have ended.
    private final class Pair: Sendable {
        private let relay: Relay
        private let ends: (Int32, Int32)
        private let open = Mutex(2)

        init(relay: Relay, _ client: Int32, _ server: Int32) {
            self.relay = relay
            ends = (client, server)
        }

        func pass(from source: Int32, to sink: Int32) {
            Thread.detachNewThread { [self] in
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                loop: while true {
                    let count = recv(source, &buffer, buffer.count, 0)
                    guard count > 0 else { break }
                    var sent = 0
                    while sent < count {
                        let step = buffer[sent..<count].withUnsafeBytes {
                            send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                        }
                        guard step > 0 else { break loop }
                        sent += step
                    }
                }
                shutdown(ends.0, Int32(SHUT_RDWR))
                shutdown(ends.1, Int32(SHUT_RDWR))
                let isLast = open.withLock {
                    $0 -= 1
                    return $0 == 0
                }
                if isLast { relay.finish(ends.0, ends.1) }
            }
        }
    }

    private func finish(_ client: Int32, _ server: Int32) {
        state.withLock { state in
            for descriptor in [client, server] where state.sockets.remove(descriptor) != nil { close(descriptor) }
        }
    }

    /// Drops all connections and takes no new ones.
    func cut() {
        state.withLock { state in
            if state.listener >= 0 { shutdown(state.listener, Int32(SHUT_RDWR)) }
            state.listener = -1
            for descriptor in state.sockets { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Takes connections again.
    func mend() {
        guard let listener = try? Self.listen(on: port) else { return }
        state.withLock { $0.listener = listener }
        accept(listener)
    }

    func stop() { cut() }
}
