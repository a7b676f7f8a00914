/// Asks Patroni which nodes there are, on a thread of its own.
///
/// `found` and `log` are called on that thread, one at a time; they must not call `stop`. What Patroni says of roles
/// decides nothing: it only has the nodes asked sooner.
package final class PatroniWatch: Sendable {
    private let options: PatroniOptions
    private let found: @Sendable ([DiscoveredNode]) -> Void
    private let log: @Sendable (ClusterEvent) -> Void
    private let mailbox = Mailbox<PatroniMessage>()
    private let phase = ThreadPhase()

    /// - Parameter found: called with each answer.
    package init(
        options: PatroniOptions,
        found: @escaping @Sendable ([DiscoveredNode]) -> Void,
        log: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        self.options = options
        self.found = found
        self.log = log
    }

    deinit { stop() }

    /// Begins to ask. Once.
    package func start() {
        phase.start(name: "howdah-patroni") { [options, mailbox, found, log] in
            PatroniLoop(options: options, mailbox: mailbox, found: found, log: log).run()
        }
    }

    /// Waits for the thread's end: about a second at most, where a request is under way.
    package func stop() {
        phase.stop { mailbox.stop() }
    }

    /// As at `init`, from now on. From any thread; cheap.
    package func reconfigure(_ options: PatroniOptions) { mailbox.post(.reconfigured(options)) }

    /// While no node can be written to, Patroni is asked several times a second. From any thread; cheap.
    package func update(_ view: ClusterView) {
        mailbox.post(.primary(isKnown: view.topology.primary != nil))
    }
}

/// What other threads tell Patroni's thread.
enum PatroniMessage: Sendable {
    /// Whether there is a node to write to.
    case primary(isKnown: Bool)
    case reconfigured(PatroniOptions)
}
