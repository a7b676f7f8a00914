/// The table of a model cluster: what the primary has committed, and how much of that each replica has replayed.
package final class ModelStore {
    /// One statement that a node has carried out.
    package struct Execution {
        package let node: Int
        package let text: String
        package let values: [String]
    }

    private struct Replica {
        var replayed = 0
        var values: [String: String] = [:]
    }

    /// All that was committed, in order: the model's write-ahead log.
    private var log: [(key: String, value: String)] = []
    private var replicas: [Int: Replica] = [:]
    /// The node that writes.
    package private(set) var primary = 0
    /// Each promotion begins another.
    package private(set) var timeline: UInt32 = 1
    /// Nodes that do not run.
    package private(set) var down: Set<Int> = []
    /// Whether replicas have what is committed only once `replay` is called for them.
    package var delaysReplay = false

    package private(set) var values: [String: String] = [:]
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

    /// The primary's place in the log.
    package var position: Int { log.count }

    /// What a replica has replayed.
    package func replayed(_ node: Int) -> Int { delaysReplay ? replicas[node]?.replayed ?? 0 : log.count }

    /// A replica replays the next commit that it lacks.
    package func replay(_ node: Int) {
        var replica = replicas[node] ?? Replica()
        guard replica.replayed < log.count else { return }
        let (key, value) = log[replica.replayed]
        replica.values[key] = value
        replica.replayed += 1
        replicas[node] = replica
    }

    // MARK: Failover

    package func stop(_ node: Int) { down.insert(node) }

    /// The node runs again: as what it was, or as a replica that has had its log rewound.
    package func start(_ node: Int) {
        down.remove(node)
        if node != primary { replicas[node] = Replica(replayed: log.count, values: values) }
    }

    /// The replica that has replayed the most of those that run; nil where none does.
    package func mostAdvanced(of nodes: Int) -> Int? {
        (0..<nodes).filter { $0 != primary && !down.contains($0) }.max { replayed($0) < replayed($1) }
    }

    /// A replica becomes the primary with what it has replayed.
    /// - Returns: how many commits are lost by that.
    package func promote(_ node: Int) -> Int {
        let kept = replayed(node)
        let lost = log.count - kept
        for (_, value) in log[kept...] { commits[value, default: 0] -= 1 }
        if delaysReplay { values = replicas[node]?.values ?? [:] }
        log.removeLast(lost)
        primary = node
        timeline += 1
        return lost
    }

    func commit(_ key: String, _ value: String) {
        values[key] = value
        log.append((key, value))
        commits[value, default: 0] += 1
    }

    func value(_ key: String, isReplica: Bool, node: Int) -> String? {
        isReplica && delaysReplay ? replicas[node]?.values[key] : values[key]
    }

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
