import Configuration
import ProxyCore

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
    /// - Parameter kind: lines of one kind are summed up; nil: warnings with the same text.
    func log(_ level: LogLevel, _ text: String, kind: String?)
    /// After `drain`: no client is left.
    func workerDrained()
}
