/// Runs a command for each event of a node, one after the other in the order of the events, on a thread of its own
/// (setting `on_event`).
package final class EventCommand: Sendable {
    private struct Occasion {
        let name: String
        let environment: [String]
    }

    /// Events that wait at most; more are dropped, and that is logged.
    package static let queueLimit = 64

    private let command: String
    private let timeout: Duration
    private let log: @Sendable (String) -> Void
    private let mailbox = Mailbox<Occasion>()
    private let phase = ThreadPhase()

    /// - Parameters:
    ///   - command: run by `/bin/sh -c`.
    ///   - timeout: a command that takes longer is killed, with all that it has started. Setting `on_event_timeout`.
    ///   - log: called on the command's thread with each line that it prints, and with how it ended where it failed.
    package init(command: String, timeout: Duration, log: @escaping @Sendable (String) -> Void) {
        self.command = command
        self.timeout = timeout
        self.log = log
    }

    deinit { stop() }

    /// Begins to take events. Once.
    package func start() {
        phase.start(name: "howdah-events") { [command, timeout, log, mailbox] in
            var waiting: [Occasion] = []
            while let new = mailbox.take() {
                waiting += new
                Self.bound(&waiting, log)
                guard !waiting.isEmpty else {
                    mailbox.bell.wait()
                    continue
                }
                let occasion = waiting.removeFirst()
                let process = EventProcess(command: command, environment: occasion.environment)
                process.run(timeout: timeout, until: mailbox) { log("on_event (\(occasion.name)): \($0)") }
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
        mailbox.post(Occasion(name: name, environment: facts.map { "\($0)=\($1)" }))
    }

    private static func bound(_ waiting: inout [Occasion], _ log: (String) -> Void) {
        let surplus = waiting.count - queueLimit
        guard surplus > 0 else { return }
        waiting.removeLast(surplus)
        log("on_event: \(surplus) events were dropped, since \(queueLimit) wait already; make the command quicker")
    }
}
