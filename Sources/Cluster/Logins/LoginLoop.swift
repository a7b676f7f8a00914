import Glibc
import MonotonicTime
import ProxyCore

/// The thread that watches log-ins.
final class LoginLoop {
    private var nodes: [Int: MonitoredNode]
    private var interval: Duration
    private var timeout: Duration
    private let mailbox: Mailbox<LoginMessage>
    private let changed: (LoginChange) -> Void
    private let log: (String) -> Void
    private var isFailureTold = false
    private var view: ClusterView?
    private var session: LoginSession?
    private var due: UInt64 = 0
    /// As they were at the last look; kept over a change of the primary, since the next one has them by replication.
    private var known: LoginFacts?

    init(
        nodes: [MonitoredNode],
        interval: Duration,
        timeout: Duration,
        mailbox: Mailbox<LoginMessage>,
        changed: @escaping (LoginChange) -> Void,
        log: @escaping (String) -> Void
    ) {
        self.nodes = Dictionary(nodes.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        self.interval = interval
        self.timeout = timeout
        self.mailbox = mailbox
        self.changed = changed
        self.log = log
    }

    /// Until the mailbox is stopped.
    func run() {
        while let messages = mailbox.take() {
            for message in messages { handle(message) }
            if due <= MonotonicClock.now { look() }
            sleep()
        }
    }

    private func handle(_ message: LoginMessage) {
        switch message {
        case .view(let new):
            let before = primary
            view = new
            for node in new.nodes { nodes[node.index] = node }
            if primary == before { return }
            session = nil
            due = MonotonicClock.now
        case .checkNow:
            due = MonotonicClock.now
        case .reconfigured(let interval, let timeout):
            (self.interval, self.timeout) = (interval, timeout)
            due = min(due, MonotonicClock.now &+ interval.microseconds)
        }
    }

    private var primary: MonitoredNode? { view?.topology.primary.flatMap { nodes[$0] } }

    private func look() {
        due = MonotonicClock.now &+ interval.microseconds
        guard let place = view?.topology.primary, let node = nodes[place] else { return }
        let deadline = MonotonicClock.now &+ timeout.microseconds
        do throws(SessionFailure) {
            if session?.isWornOut != false {
                let addresses = view?.addresses[place] ?? []
                session = try LoginSession.open(
                    ConnectionParameters(node: node, addresses: addresses, purpose: "log-ins"),
                    deadline: deadline,
                    stopper: mailbox
                )
            }
            guard let look = try session?.look(deadline: deadline, knows: known != nil) else { return }
            isFailureTold = false
            tell(look)
        } catch {
            session = nil
            // The monitor tells of nodes that do not answer.
            guard case .connection(.malformedAnswer) = error, !isFailureTold else { return }
            isFailureTold = true
            log("node \(node.name) does not tell how log-ins stand: \(error.reason)")
        }
    }

    private func tell(_ look: LoginSession.Look) {
        let change = known.flatMap { look.facts.change(since: $0) }
        known = look.facts
        if look.hasReadConfiguration { return changed(.all) }
        if let change { changed(change) }
    }

    private func sleep() {
        var descriptor = pollfd(fd: mailbox.bell.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, MonotonicClock.pollTimeout(until: due))
    }
}
