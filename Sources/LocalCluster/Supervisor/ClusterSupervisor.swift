import Glibc
import Synchronization

/// The process that owns a cluster's directory: it makes it, and when its standard input ends it ends every process
/// that works there and removes it.
///
/// That input is a pipe whose only writer is this process. So the end of the cluster is the same whether it is asked
/// for or this process dies, however it dies. The supervisor leads a session of its own, out of reach of the terminal,
/// and runs as PostgreSQL's user: the one that may look at and signal the servers, also in containers that take the
/// capability to do so from root.
final class ClusterSupervisor: Sendable {
    /// The cluster's directory, which PostgreSQL's user owns; everything of the cluster works inside.
    let directory: String

    private enum State {
        case watching(process: pid_t, lifeline: Int32, report: Int32)
        case finished
    }
    private let state: Mutex<State>

    /// The longest directory whose socket's path, `/.s.PGSQL.12345` and all, still fits `sockaddr_un`.
    private static let longestDirectory = 107 - ".s.PGSQL.12345.lock".utf8.count - 1

    /// Starts a supervisor with a fresh directory under `parent`, or, where PostgreSQL's user can not use that, under
    /// /tmp.
    static func start(
        under parent: String?,
        account: ServerAccount,
        limit: WaitLimit
    ) throws(LocalClusterError) -> ClusterSupervisor {
        var tried: [String] = []
        var complaint = ""
        for parent in [parent, "/tmp"].compactMap({ $0 }) where isUsable(parent) {
            tried.append(parent)
            do throws(LocalClusterError) {
                return try ClusterSupervisor(under: parent, account: account, limit: limit)
            } catch {
                guard case .programFailed(_, _, let output) = error else { throw error }
                complaint = output
            }
        }
        throw .noDirectory(tried: tried, detail: complaint)
    }

    /// The directory's name stands in configuration files and in a pattern, so it is plain.
    private static func isUsable(_ parent: String) -> Bool {
        parent.hasPrefix("/") && parent.utf8.count + "/howdah-XXXXXX".utf8.count <= longestDirectory
            && parent.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private init(under parent: String, account: ServerAccount, limit: WaitLimit) throws(LocalClusterError) {
        let lifelinePipe = try makePipe()
        let reader = Descriptor(number: lifelinePipe.reader)
        let lifeline = Descriptor(number: lifelinePipe.writer)
        let reportPipe = try makePipe()
        let report = Descriptor(number: reportPipe.reader)
        let reportWriter = Descriptor(number: reportPipe.writer)

        var launch = ChildLaunch(
            path: "/bin/sh",
            arguments: ["-c", Self.script, "howdah-supervisor", parent],
            environment: RunningProgram.environment
        )
        launch.directory = "/"
        launch.account = account
        launch.input = reader.number
        launch.output = .descriptors(output: reportWriter.number, error: reportWriter.number)
        let process = try launch.spawn()
        _ = consume reader
        _ = consume reportWriter

        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1_024)
        while line.last != UInt8(ascii: "\n") {
            _ = try limit.wait(for: [report.number], subject: "a temporary directory")
            let count = read(report.number, &chunk, chunk.count)
            guard count > 0 else {
                let status = waitForExit(process)
                throw .programFailed(name: "mktemp", status: status, output: String(decoding: line, as: UTF8.self))
            }
            line.append(contentsOf: chunk[..<count])
        }
        let answer = String(decoding: line.dropLast(), as: UTF8.self)
        guard answer.hasPrefix("directory ") else {
            throw .programFailed(name: "mktemp", status: waitForExit(process), output: answer)
        }
        directory = String(answer.dropFirst("directory ".count))
        state = Mutex(.watching(process: process, lifeline: lifeline.release(), report: report.release()))
    }

    deinit { finish() }

    /// Ends every process of the cluster, removes its directory, and returns when both are done. Does nothing the
    /// second time.
    func finish() {
        state.withLock { state in
            guard case .watching(let process, let lifeline, let report) = state else { return }
            state = .finished
            close(lifeline)
            _ = readToEnd(report)
            close(report)
            _ = waitForExit(process)
        }
    }
}
