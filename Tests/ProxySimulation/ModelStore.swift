/// The table that all nodes of a model cluster share: replication takes no time here, since routing by lag is not what is modelled.
package final class ModelStore {
    /// One statement that a node has carried out.
    package struct Execution {
        package let node: Int
        package let text: String
        package let values: [String]
    }

    package var values: [String: String] = [:]
    /// Writes by the value that they wrote: how often each was committed.
    package var commits: [String: Int] = [:]
    package var executions: [Execution] = []
    /// What must never be, in words.
    package var violations: [String] = []
    /// Texts whose execution a cancel request has ended.
    package var cancelled: [String] = []
    package var now: Int64 = 0
    /// Sessions that have run LISTEN.
    private var listeners: [ModelSession] = []

    /// Told what happens, for looking at one seed.
    package var trace: ((String) -> Void)?

    package init() {}

    func add(_ session: ModelSession) {
        if !listeners.contains(where: { $0 === session }) { listeners.append(session) }
    }

    func remove(_ session: ModelSession) { listeners.removeAll { $0 === session } }

    func notify(_ notification: ModelNotification) {
        for session in listeners { session.hear(notification) }
    }

    /// Sessions and the store know each other: to be called when a simulation is over.
    package func forgetSessions() { listeners = [] }
}
