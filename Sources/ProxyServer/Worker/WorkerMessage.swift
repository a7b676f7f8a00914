import Authentication
import Cluster
import Configuration
import EventIO
import ProxyCore

/// What other threads tell a worker.
enum WorkerMessage: Sendable {
    case cluster(ClusterView)
    case freshness(FreshnessReport)
    case catalog(database: String, DatabaseCatalog)
    /// What has been said of this catalog is right for all changes up to this one.
    case catalogSettled(database: String, change: UInt64)
    /// No connection of the control plane's to it is left.
    case catalogVacated(database: String)
    case loginsChanged(LoginChange)
    /// With why it came to nothing, where it has.
    case switchoverEnded(failure: String?)
    case reconfigured(WorkerSettings)
    /// Behind `reconfigured`, where there is one.
    case reloadEnded(number: UInt64, ReloadOutcome)
    case keyDerived(PeerToken, SaltedPasswordRequest, SaltedPassword)
    /// Let clients finish what they are in the middle of, and take no new ones.
    case drain
}

/// What a worker asks of the control plane; called on the worker's thread, and never blocks it.
protocol WorkerControl: AnyObject, Sendable {
    func suspect(node: Int)
    /// A client waits for positions, so long at most.
    func samplePositions(within limit: Microseconds)
    /// The worker goes by the view of this serial.
    func viewApplied(serial: UInt64)
    /// The lease has run out before the control plane said so: the worker has cut off the primary, and waits for the
    /// next view.
    func writesLapsed()
    /// A node that has left has no server any more.
    func slotVacated(node: Int)
    func catalogWanted(database: String)
    func catalogUnwanted(database: String)
    func catalogChanged(database: String, change: UInt64)
    func vacateCatalog(database: String)
    func releaseCatalog(database: String)
    func suspectLogins()
    /// Makes another node the primary; `ended` is called, on any thread, with why that came to nothing, or nil.
    func switchover(from: Int, to: Int, ended: @escaping @Sendable (String?) -> Void)
    /// Has the settings read again; `ended` is called, on any thread, with what has come of it.
    func reload(ended: @escaping @Sendable (ReloadOutcome) -> Void)
    /// - Parameter kind: lines of one kind are summed up; nil: warnings with the same text.
    func log(_ level: LogLevel, _ text: String, kind: String?)
    /// After `drain`: no client is left.
    func workerDrained()
}
