import ProxyCore

/// Watches what log-ins go by on the primary: roles, databases, what is set for them, and the server's configuration.
/// On a thread of its own, over one connection that is kept.
///
/// `changed` is called on that thread; it must not call `stop`. From any thread: all methods.
package final class LoginWatch: Sendable {
    private let nodes: [MonitoredNode]
    private let interval: Duration
    private let timeout: Duration
    private let changed: @Sendable (LoginChange) -> Void
    private let log: @Sendable (String) -> Void
    private let mailbox = Mailbox<LoginMessage>()
    private let phase = ThreadPhase()

    /// - Parameters:
    ///   - interval: between two looks: what is changed past the proxy reaches its next clients within that time.
    ///   - timeout: for one look, connecting included.
    ///   - log: called on that thread with a line for the administrator.
    package init(
        nodes: [MonitoredNode],
        interval: Duration,
        timeout: Duration,
        changed: @escaping @Sendable (LoginChange) -> Void,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.nodes = nodes
        self.interval = interval
        self.timeout = timeout
        self.changed = changed
        self.log = log
    }

    deinit { stop() }

    /// Once.
    package func start() {
        phase.start(name: "howdah-logins") { [nodes, interval, timeout, mailbox, changed, log] in
            let loop = LoginLoop(
                nodes: nodes,
                interval: interval,
                timeout: timeout,
                mailbox: mailbox,
                changed: changed,
                log: log
            )
            loop.run()
        }
    }

    /// Breaks off what is under way and waits for the thread's end; nothing is told afterwards.
    package func stop() {
        phase.stop { mailbox.stop() }
    }

    /// Which node is the primary: what `ClusterMonitor` publishes.
    package func update(_ view: ClusterView) { mailbox.post(.view(view)) }

    /// As at `init`, from now on.
    package func reconfigure(interval: Duration, timeout: Duration) {
        mailbox.post(.reconfigured(interval: interval, timeout: timeout))
    }

    /// A server has said something that it may say because of such a change.
    package func checkNow() { mailbox.post(.checkNow) }
}

/// What other threads tell the thread that watches log-ins.
enum LoginMessage: Sendable {
    case view(ClusterView)
    case checkNow
    case reconfigured(interval: Duration, timeout: Duration)
}
