import Foundation
import Synchronization

@testable import LocalCluster

/// One member of etcd on free ports of 127.0.0.1, as an unprivileged user, that ends with this object or this process,
/// whichever ends first.
final class EtcdProcess: Sendable {
    let url: String
    private let port: UInt16
    private let peerPort: UInt16
    private let directory: String
    private let account: ServerAccount
    private let running = Mutex<Running?>(nil)

    private struct Running {
        let keeper: pid_t
        /// Its closing ends the member.
        let input: Int32
    }

    /// It runs beside a shell that kills it when its own standard input ends, and removes the directory unless told to
    /// keep it: then it is to be started again.
    private static let keeperScript = """
        "$@" </dev/null & child=$!
        read -r wish
        kill -KILL $child 2>/dev/null
        wait $child 2>/dev/null
        [ "$wish" = keep ] || rm -rf "$0"
        """

    init() throws {
        account = try ServerAccount.choose()
        var template = Array("/tmp/howdah-etcd-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw WireError.system("mkdtemp", errno) }
        directory = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if case .other(let user, let group, _) = account { chown(directory, user, group) }
        (port, peerPort) = (try Self.freePort(), try Self.freePort())
        url = "http://127.0.0.1:\(port)"
        try start()
    }

    deinit {
        end(keepingData: false)
        // Where it had been stopped, nobody has removed that.
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Starts it, with all that it had, and waits until it takes connections.
    func start() throws {
        let places = ["/usr/bin/etcd", "/usr/local/bin/etcd"]
        guard let binary = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw HowdahProcess.Failure("etcd is not installed: apt-get install etcd-server")
        }
        let feed = try makePipe()
        let peer = "http://127.0.0.1:\(peerPort)"
        let options = [
            "--name", "e", "--data-dir", "\(directory)/data", "--listen-client-urls", url, "--advertise-client-urls",
            url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "e=\(peer)",
        ]
        var launch = ChildLaunch(
            path: "/bin/sh",
            arguments: ["-c", Self.keeperScript, directory, binary] + options,
            environment: ["PATH=/usr/bin:/bin", "LC_ALL=C"]
        )
        launch.directory = directory
        launch.account = account
        launch.input = feed.reader
        launch.output = .file("\(directory)/log")
        let keeper = try launch.spawn()
        Glibc.close(feed.reader)
        running.withLock { $0 = Running(keeper: keeper, input: feed.writer) }
        try EndToEnd.eventually("etcd") { isListening }
    }

    /// As if its machine were gone. It can be started again.
    func stop() { end(keepingData: true) }

    private func end(keepingData: Bool) {
        let before = running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let before else { return }
        if keepingData { _ = write(before.input, "keep\n", 5) }
        Glibc.close(before.input)
        _ = waitForExit(before.keeper)
    }

    private var isListening: Bool { withConnection { _ in true } ?? false }

    /// One request to the JSON gateway.
    ///
    /// - Parameter path: what follows `/v3/`.
    /// - Returns: the answer with its head.
    @discardableResult
    func post(_ path: String, _ body: String) throws -> String {
        let answer = withConnection { descriptor -> String in
            let head = "POST /v3/\(path) HTTP/1.0\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            let request = Array((head + body).utf8)
            _ = send(descriptor, request, request.count, Int32(MSG_NOSIGNAL))
            var answer: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { answer += buffer[..<count] }
            return String(decoding: answer, as: UTF8.self)
        }
        guard let answer, answer.split(separator: "\r\n").first?.hasSuffix("200 OK") == true else {
            throw HowdahProcess.Failure("etcd refuses \(path): \(answer ?? "no connection")")
        }
        return answer
    }

    /// The value of a key; nil where there is none.
    func value(of key: String) throws -> String? {
        let answer = try post("kv/range", "{\"key\": \"\(Data(key.utf8).base64EncodedString())\"}")
        guard let start = answer.range(of: "\"value\":\"") else { return nil }
        let text = String(answer[start.upperBound...].prefix { $0 != "\"" })
        return Data(base64Encoded: text).map { String(decoding: $0, as: UTF8.self) }
    }

    private func withConnection<Result>(_ body: (Int32) -> Result) -> Result? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var address = Self.loopback(port)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0 ? body(descriptor) : nil
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return address
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard status else { throw WireError.system("bind", errno) }
        return UInt16(bigEndian: address.sin_port)
    }
}
