import Authentication
import Cluster
import Configuration
import Dispatch
import EventIO
import PostgresWire
import ProxyCore
import Synchronization

/// Reads the settings again when it is asked to, one time after the other and never on a worker's thread, and puts them
/// into effect: all, or none where anything is wrong.
final class ReloadDesk: Sendable {
    private let source: ConfigurationSource
    private let log: Log
    private let plane: ControlPlane
    private let worker: EventIO.Mailbox<WorkerMessage>
    private let queue = DispatchQueue(label: "howdah.reload")
    private let isSignalWaiting = Mutex(false)
    /// What is in effect; the queue's.
    private nonisolated(unsafe) var current: Configuration

    init(
        _ current: Configuration,
        from source: ConfigurationSource,
        plane: ControlPlane,
        worker: EventIO.Mailbox<WorkerMessage>,
        log: Log
    ) {
        self.current = current
        self.source = source
        self.plane = plane
        self.worker = worker
        self.log = log
    }

    /// For SIGHUP. One that comes before the last one's reading has begun is done with it. From any thread; returns at
    /// once.
    func signalCame() {
        let isFirst = isSignalWaiting.withLock { isWaiting in
            defer { isWaiting = true }
            return !isWaiting
        }
        guard isFirst else { return }
        queue.async { [self] in
            isSignalWaiting.withLock { $0 = false }
            run("SIGHUP") { _ in }
        }
    }

    /// From any thread; returns at once.
    ///
    /// - Parameter ended: called on any thread, once the worker has been told of the new settings.
    func reload(ended: @escaping @Sendable (ReloadOutcome) -> Void) {
        queue.async { self.run("RELOAD", ended) }
    }

    /// - Parameter occasion: what asks for it, for the log.
    private func run(_ occasion: String, _ ended: @escaping @Sendable (ReloadOutcome) -> Void) {
        let change: ConfigurationChange
        let settings: WorkerSettings
        do {
            change = try source.change(from: current)
            settings = try WorkerSettings(change.effective)
        } catch {
            let error = PostgresError(reloadRefused: error)
            log.answer(.error, "\(occasion): \(error.message); \(error.detail ?? "")")
            return ended(.refused(error))
        }
        let before = current.proxy.logLevel
        current = change.effective
        let notices = change.kept.map { PostgresError(kept: $0) }
        // Told by the more talkative of the two levels.
        if current.proxy.logLevel < before { log.reconfigure(current.proxy) }
        let users = current.proxy.authFile.map { _ in "; auth_file has \(settings.credentials.userCount) users" }
        log.answer(.info, "\(occasion): \(change.summary)\(users ?? "")")
        for notice in notices { log.answer(.warning, "\(occasion): \(notice.message); \(notice.detail ?? "")") }
        log.reconfigure(current.proxy)
        plane.reconfigure(change.effective) { [worker] nodes in
            worker.post(.reconfigured(settings))
            ended(.applied(notices: notices + (nodes == .waiting ? [.nodesWait] : [])))
        }
    }
}

extension PostgresError {
    /// Nothing was put into effect.
    init(reloadRefused error: any Error) {
        var lines = "\(error)".split(separator: "\n").map(String.init)
        let first = lines.isEmpty ? "" : lines.removeFirst()
        self.init(
            .error,
            .configurationFileError,
            first,
            detail: "Nothing was changed."
                + (lines.isEmpty ? "" : " There is more to mend:\n\(lines.joined(separator: "\n"))"),
            hint: "Mend the configuration and RELOAD again."
        )
    }

    /// A setting that waits for a restart.
    init(kept setting: ConfigurationChange.Kept) {
        let isShown = setting.value != setting.wanted
        self.init(
            .warning,
            .cannotChangeNow,
            "setting \"\(setting.name.rawValue)\" cannot be changed without a restart",
            detail: isShown
                ? "It stays \"\(setting.value)\"; the configuration has \"\(setting.wanted)\"."
                : "It stays as it is."
        )
    }

    static let nodesWait = PostgresError(
        .notice,
        .objectNotInState,
        "nodes are added and removed once the failover or switchover that is under way is over"
    )
}
