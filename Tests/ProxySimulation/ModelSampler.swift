import ProxyCore

/// Looks at the model nodes' positions in the order in which a monitor might: a look is begun, answered and told at
/// times that have nothing to do with each other.
struct ModelSampler {
    private let nodes: Int
    private let clock: SampleClock
    private let store: ModelStore
    private var underWay: SampleNumber?
    private var looks: [(number: SampleNumber, position: Int)] = []
    private var replayed: [Int]
    /// Whose log the looks are of.
    private var timeline: UInt32 = 1

    init(nodes: Int, clock: SampleClock, store: ModelStore) {
        self.nodes = nodes
        self.clock = clock
        self.store = store
        replayed = Array(repeating: 0, count: nodes)
    }

    /// - Returns: a report, when it is told.
    mutating func step(_ dice: inout Dice) -> FreshnessReport? {
        if store.timeline != timeline {
            // Another log: what was seen of the one before cannot be compared with it.
            timeline = store.timeline
            looks = []
            underWay = nil
        }
        switch dice.below(4) {
        case 0: if underWay == nil { underWay = clock.begin() }
        case 1:
            guard let number = underWay, !store.down.contains(store.primary) else { return nil }
            looks.append((number, store.position))
            underWay = nil
        case 2:
            let node = dice.below(nodes)
            if node != store.primary { replayed[node] = store.replayed(node) }
        default: return report
        }
        return nil
    }

    private var report: FreshnessReport {
        let newest = looks.last
        return FreshnessReport(
            nodes: (0..<nodes).map { node in
                if node == store.primary { return NodeFreshness() }
                let covered = looks.last { $0.position <= replayed[node] }?.number ?? 0
                let isBehind = newest.map { $0.position > replayed[node] } ?? true
                return NodeFreshness(covered: covered, lag: isBehind ? 3000 : 0, verdict: .near)
            },
            newest: newest.map {
                PrimarySample(
                    number: $0.number,
                    position: SessionPosition(position: WALPosition(rawValue: UInt64($0.position)), timeline: timeline)
                )
            }
        )
    }
}
