import Synchronization

/// Runs a command for each event of a node, one after the other in the order of the events, on a thread of its own
/// (setting `on_event`).
package final class EventCommand: Sendable {
    private struct Occasion {
        let name: String
        let command: String
        let timeout: Duration
        let environment: [String]
    }

    /// Events that wait at most; more are dropped, and that is logged.
    package static let queueLimit = 64

    /// What is run, and how long it may take.
    package struct Rule: Sendable, Equatable {
        /// Run by `/bin/sh -c`; nil: nothing.
        package var command: String?
        /// A command that takes longer is killed, with all that it has started. Setting `on_event_timeout`.
        package var timeout: Duration

        package init(command: String?, timeout: Duration) {
            self.command = command
            self.timeout = timeout
        }
    }

    private let rule: Mutex<Rule>
    private let log: @Sendable (String) -> Void
    private let mailbox = Mailbox<Occasion>()
    private let phase = ThreadPhase()

    /// - Parameter log: called on the command's thread with each line that it prints, and with how it ended where it
    ///   failed.
    package init(_ rule: Rule, log: @escaping @Sendable (String) -> Void) {
        self.rule = Mutex(rule)
        self.log = log
    }

    deinit { stop() }

    /// Another rule holds for events that come from now on. A command that runs may go on.
    package func reconfigure(_ new: Rule) { rule.withLock { $0 = new } }

    /// Begins to take events, with the first that there is a command for.
    private func start() {
        phase.start(name: "howdah-events") { [log, mailbox] in
            var waiting: [Occasion] = []
            while let new = mailbox.take() {
                waiting += new
                Self.bound(&waiting, log)
                guard !waiting.isEmpty else {
                    mailbox.bell.wait()
                    continue
                }
                let occasion = waiting.removeFirst()
                let process = EventProcess(command: occasion.command, environment: occasion.environment)
                process.run(timeout: occasion.timeout, until: mailbox) { log("on_event (\(occasion.name)): \($0)") }
            }
        }
    }

    /// Kills a command that runs, and waits for the thread's end; what waits is not run any more.
    package func stop() {
        phase.stop { mailbox.stop() }
    }

    /// Has the command run. From any thread; cheap.
    ///
    /// - Parameter facts: variables of its environment by their names, beside those of this process that do not begin
    ///   with `HOWDAH_`, among which may be passwords.
    package func run(_ name: String, facts: [(String, String)]) {
        let rule = rule.withLock { $0 }
        guard let command = rule.command else { return }
        mailbox.post(
            Occasion(
                name: name,
                command: command,
                timeout: rule.timeout,
                environment: facts.map { "\($0)=\($1)" }
            )
        )
        start()
    }

    private static func bound(_ waiting: inout [Occasion], _ log: (String) -> Void) {
        let surplus = waiting.count - queueLimit
        guard surplus > 0 else { return }
        waiting.removeLast(surplus)
        log("on_event: \(surplus) events were dropped, since \(queueLimit) wait already; make the command quicker")
    }
}
