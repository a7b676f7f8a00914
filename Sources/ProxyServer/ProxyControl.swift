import Cluster
import Configuration
import Dispatch
import ProxyCore
import Synchronization

/// The control plane as a worker sees it, and the worker's end as the control plane waits for it.
final class ProxyControl: WorkerControl {
    private struct Parts {
        var monitor: ClusterMonitor?
        var catalogs: CatalogLoader?
        var logins: LoginWatch?
        var director: SwitchoverDirector?
        var isDrained = false
    }

    private let logFile: Log
    private let parts = Mutex(Parts())
    private let drained = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    private let whyNoSwitchover: String

    /// - Parameter whyNoSwitchover: why there is no director.
    init(log: Log, whyNoSwitchover: String) {
        logFile = log
        self.whyNoSwitchover = whyNoSwitchover
    }

    /// - Parameter director: nil where somebody else decides who is the primary.
    func connect(
        monitor: ClusterMonitor,
        catalogs: CatalogLoader,
        logins: LoginWatch,
        director: SwitchoverDirector?
    ) {
        parts.withLock {
            $0.monitor = monitor
            $0.catalogs = catalogs
            $0.logins = logins
            $0.director = director
        }
    }

    func suspect(node: Int) {
        parts.withLock { $0.monitor }?.checkNow(node: node)
    }

    func samplePositions(within limit: Microseconds) {
        parts.withLock { $0.monitor }?.sampleNow(within: .microseconds(limit))
    }

    func viewApplied(serial: UInt64) {
        parts.withLock { $0.monitor }?.applied(serial: serial)
    }

    func writesLapsed() {
        parts.withLock { $0.monitor }?.writesLapsed()
    }

    func listed(_ nodes: [DiscoveredNode]) {
        parts.withLock { $0.monitor }?.listed(nodes)
    }

    func slotVacated(node: Int) {
        parts.withLock { $0.monitor }?.slotVacated(node: node)
    }

    func catalogWanted(database: String) { parts.withLock { $0.catalogs }?.watch(database: database) }

    func catalogUnwanted(database: String) { parts.withLock { $0.catalogs }?.unwatch(database: database) }

    func catalogChanged(database: String, change: UInt64) {
        parts.withLock { $0.catalogs }?.refresh(database: database, change: change)
    }

    func vacateCatalog(database: String) { parts.withLock { $0.catalogs }?.vacate(database: database) }

    func releaseCatalog(database: String) { parts.withLock { $0.catalogs }?.release(database: database) }

    func suspectLogins() { parts.withLock { $0.logins }?.checkNow() }

    func switchover(from: Int, to: Int, ended: @escaping @Sendable (String?) -> Void) {
        let (director, isStarting) = parts.withLock { ($0.director, $0.monitor == nil) }
        guard let director else { return ended(isStarting ? "the proxy is starting" : whyNoSwitchover) }
        director.begin(from: from, to: to, ended: ended)
    }

    func log(_ level: LogLevel, _ text: String, kind: String?) { logFile.write(level, text, kind: kind) }

    func workerDrained() {
        let isFirst = parts.withLock { parts in
            defer { parts.isDrained = true }
            return !parts.isDrained
        }
        if isFirst { drained.signal() }
    }

    func workerEnded() { ended.signal() }

    func waitUntilDrained(_ limit: Duration) {
        _ = drained.wait(timeout: .now() + .microseconds(Int(limit.wholeMicroseconds)))
    }

    func waitUntilEnded() { ended.wait() }
}
