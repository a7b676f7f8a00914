import Cluster
import Configuration
import Dispatch
import PostgresWire
import ProxyCore
import Synchronization

/// The control plane as a worker sees it, and the worker's end as the control plane waits for it.
final class ProxyControl: WorkerControl {
    private struct Parts {
        var plane: ControlPlane?
        var desk: ReloadDesk?
        var isDrained = false
    }

    private let logFile: Log
    private let parts = Mutex(Parts())
    private let drained = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    private let whyNoSwitchover: String?

    /// - Parameter whyNoSwitchover: why somebody else decides who is the primary; nil: nobody does.
    init(log: Log, whyNoSwitchover: String?) {
        logFile = log
        self.whyNoSwitchover = whyNoSwitchover
    }

    func connect(_ plane: ControlPlane, _ desk: ReloadDesk) {
        parts.withLock { ($0.plane, $0.desk) = (plane, desk) }
    }

    private var plane: ControlPlane? { parts.withLock { $0.plane } }

    func suspect(node: Int) {
        plane?.monitor.checkNow(node: node)
    }

    func samplePositions(within limit: Microseconds) {
        plane?.monitor.sampleNow(within: .microseconds(limit))
    }

    func viewApplied(serial: UInt64) {
        plane?.monitor.applied(serial: serial)
    }

    func writesLapsed() {
        plane?.monitor.writesLapsed()
    }

    func listed(_ nodes: [DiscoveredNode]) {
        plane?.monitor.listed(nodes)
    }

    func slotVacated(node: Int) {
        plane?.monitor.slotVacated(node: node)
    }

    func catalogWanted(database: String) { plane?.catalogs.watch(database: database) }

    func catalogUnwanted(database: String) { plane?.catalogs.unwatch(database: database) }

    func catalogChanged(database: String, change: UInt64) {
        plane?.catalogs.refresh(database: database, change: change)
    }

    func vacateCatalog(database: String) { plane?.catalogs.vacate(database: database) }

    func releaseCatalog(database: String) { plane?.catalogs.release(database: database) }

    func suspectLogins() { plane?.logins.checkNow() }

    func switchover(from: Int, to: Int, ended: @escaping @Sendable (String?) -> Void) {
        if let whyNoSwitchover { return ended(whyNoSwitchover) }
        guard let plane else { return ended("the proxy is starting") }
        plane.monitor.switchover(isUnderWay: true)
        plane.director.begin(from: from, to: to) { [monitor = plane.monitor] failure in
            monitor.switchover(isUnderWay: false)
            ended(failure)
        }
    }

    func reload(ended: @escaping @Sendable (ReloadOutcome) -> Void) {
        guard let desk = parts.withLock({ $0.desk }) else {
            return ended(.refused(PostgresError(.error, .objectNotInState, "the proxy is starting")))
        }
        desk.reload(ended: ended)
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
