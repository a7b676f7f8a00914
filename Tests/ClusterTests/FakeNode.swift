import Foundation
import Glibc
import Synchronization
import Testing

/// A node on a free port of 127.0.0.1 that lets everybody in and answers each statement with the same bytes.
final class FakeNode: Sendable {
    /// What it says, and again and again where it floods: that ends with the connection, at the latest after so many
    /// bytes that no test's bound is near.
    struct Answer: Sendable, CustomTestStringConvertible {
        /// Said once.
        var head: [UInt8] = []
        var bytes: [UInt8]
        var isRepeated = false
        var isForLogIn = false

        static let most = 64 << 20

        var testDescription: String { "\(bytes.count) bytes" }
    }

    let port: UInt16
    private let descriptor: Int32
    private let answer: Answer
    private let written = Atomic(0)
    private let ended = DispatchSemaphore(value: 0)

    init(_ answer: Answer) {
        self.answer = answer
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
            // One connection after the other.
            while true {
                let client = accept(descriptor, nil, nil)
                if client < 0 { break }
                serve(client)
                close(client)
            }
            ended.signal()
        }.start()
    }

    /// Bytes that it could send, those in buffers of the kernel's among them.
    var sent: Int { written.load(ordering: .relaxed) }

    /// Whoever is connected is to have gone.
    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        ended.wait()
        close(descriptor)
    }

    private func serve(_ client: Int32) {
        var size: Int32 = 65536
        setsockopt(client, SOL_SOCKET, SO_SNDBUF, &size, 4)
        // Whoever asks for TLS says so in eight bytes.
        while let packet = read(client), packet.count == 8 {
            guard write(client, [UInt8(ascii: "N")]) else { return }
        }
        var greeting = Self.message("R", [0, 0, 0, 0])
        if answer.isForLogIn {
            guard write(client, greeting), say(client) else { return }
        }
        greeting += Self.message("S", Array("server_version\0".utf8) + Array("15.1\0".utf8)) + Self.ready
        guard write(client, greeting) else { return }
        while let question = read(client), question.first == UInt8(ascii: "Q") {
            if !say(client) { return }
        }
    }

    private func say(_ client: Int32) -> Bool {
        let before = sent
        guard write(client, answer.head) else { return false }
        repeat {
            if !write(client, answer.bytes) { return false }
        } while answer.isRepeated && sent - before < Answer.most
        return true
    }

    private func read(_ client: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(client, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    private func write(_ client: Int32, _ bytes: [UInt8]) -> Bool {
        var left = bytes[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            written.add(count, ordering: .relaxed)
            left = left.dropFirst(count)
        }
        return true
    }

    // MARK: Messages (PostgreSQL documentation, 55.7)

    static func message(_ type: Character, _ body: [UInt8]) -> [UInt8] {
        [type.asciiValue ?? 0] + number(UInt32(body.count + 4)) + body
    }

    /// RowDescription of so many columns of type text.
    static func columns(_ count: Int) -> [UInt8] {
        let column: [UInt8] =
            Array("c\0".utf8) + [0, 0, 0, 0, 0, 0] + number(25) + [UInt8](repeating: 0xFF, count: 6) + [0, 0]
        return message("T", short(count) + Array(repeatElement(column, count: count).joined()))
    }

    /// - Parameter values: nil is NULL.
    static func row(_ values: [String?]) -> [UInt8] {
        var body: [UInt8] = []
        for value in values {
            body += number(value.map { UInt32($0.utf8.count) } ?? .max)
            body += Array((value ?? "").utf8)
        }
        return message("D", short(values.count) + body)
    }

    static func result(columns count: Int, _ rows: [[String?]]) -> [UInt8] {
        columns(count) + rows.flatMap { row($0) } + end
    }

    static let end = message("C", Array("SELECT 1\0".utf8)) + ready
    static let ready = message("Z", [UInt8(ascii: "I")])

    static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
    }

    private static func short(_ value: Int) -> [UInt8] { Array(number(UInt32(value))[2...]) }
}
