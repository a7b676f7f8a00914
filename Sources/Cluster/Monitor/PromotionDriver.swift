import Glibc
import ProxyCore

/// Drives `Promotion` and `Following` on the monitor's thread: keeps when each is to look again, what it waits for, and
/// the commands to nodes that are under way.
struct PromotionDriver {
    var promotion: Promotion
    var following = Following()
    var commands: [NodeCommandRun] = []
    /// Something has changed since `Promotion` looked last.
    var mustLook = false
    /// The view that workers must go by before the candidate is told.
    var awaited: UInt64?
    /// It is the next one to be published, or the last.
    var mustAwait = false
    private(set) var appliedSerial: UInt64 = 0
    private var lastLook: UInt64 = 0
    var rules: PromotionRules { promotion.rules }

    init(rules: PromotionRules, nodes: [MonitoredNode]) {
        promotion = Promotion(rules: rules, policies: nodes.map(\.promotion))
    }

    /// A node has left: what it was to do is given up.
    mutating func leave(_ place: Int) {
        following.forget(place)
        commands.removeAll { $0.place == place }
    }

    mutating func applied(_ serial: UInt64) { appliedSerial = max(appliedSerial, serial) }

    /// Whether workers have come to go by what was waited for; once.
    mutating func takeApplied() -> Bool {
        guard let serial = awaited, appliedSerial >= serial else { return false }
        awaited = nil
        return true
    }

    /// What to poll(2) for.
    var interests: [pollfd] { commands.compactMap(\.interest) }

    /// When something is due by time alone.
    func deadline(after now: UInt64) -> UInt64? {
        // What is due already waits for something else.
        let own = promotion.deadline.flatMap { $0 > now ? $0 : nil }
        return ([own].compactMap { $0 } + commands.map(\.deadline)).min()
    }

    /// Whether `Promotion` is to look again; counts as done.
    mutating func takeLook(at now: UInt64) -> Bool {
        let isDue = promotion.deadline.map { lastLook < $0 && $0 <= now } ?? false
        guard mustLook || isDue else { return false }
        mustLook = false
        lastLook = now
        return true
    }
}
