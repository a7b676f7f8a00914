import Foundation
import Glibc
import Synchronization

/// A REST API on a free port of 127.0.0.1 that answers every request with the same bytes.
final class FakePatroni: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let answer: Mutex<String>
    private let asked = Mutex(0)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter answer: status line, headers and body; see `cluster`.
    init(_ answer: String) {
        self.answer = Mutex(answer)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let file = descriptor
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                precondition(bind(file, generic, length) == 0 && listen(file, 16) == 0)
                precondition(getsockname(file, generic, &length) == 0)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in
            serve()
            ended.signal()
        }.start()
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// How often it has answered.
    var count: Int { asked.withLock { $0 } }

    func answers(_ new: String) { answer.withLock { $0 = new } }

    /// Refuses connections from now on.
    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        ended.wait()
        close(descriptor)
    }

    private func serve() {
        while true {
            let client = accept(descriptor, nil, nil)
            if client < 0 { return }
            var buffer = [UInt8](repeating: 0, count: 4096)
            var request: [UInt8] = []
            while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
                let count = recv(client, &buffer, buffer.count, 0)
                if count <= 0 { break }
                request += buffer[..<count]
            }
            let isRight = String(decoding: request, as: UTF8.self).hasPrefix("GET /cluster HTTP/1.1\r\n")
            let bytes = Array((isRight ? answer.withLock { $0 } : "HTTP/1.1 404 Not Found\r\n\r\n").utf8)
            _ = send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            close(client)
            asked.withLock { $0 += 1 }
        }
    }

    static func ok(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    struct Member {
        var name: String
        var port: UInt16
        var role = "replica"
        var tags = "{}"
        var api = ""
    }

    static func cluster(_ members: [Member]) -> String {
        let list = members.map { member in
            """
            {"name": "\(member.name)", "role": "\(member.role)", "state": "running", "api_url": "\(member.api)", \
            "host": "127.0.0.1", "port": \(member.port), "timeline": 1, "tags": \(member.tags)}
            """
        }
        return ok(#"{"members": [\#(list.joined(separator: ", "))], "scope": "test"}"#)
    }
}
