import Glibc

/// Does one command at one node, over a connection of its own. Driven by `MonitorLoop` on its thread; never blocks.
final class NodeCommandRun {
    /// The node's place.
    let place: Int
    let command: NodeCommand
    /// When it is given up: microseconds of `MonotonicClock`.
    let deadline: UInt64
    private var script: NodeCommandScript
    private var stage = NodeCommandStage.closed
    /// A statement has been sent, so that something may have been done.
    private var hasAsked = false
    private var mayChange = true

    init(_ command: NodeCommand, place: Int, deadline: UInt64) {
        self.command = command
        self.place = place
        self.deadline = deadline
        script = NodeCommandScript(command)
    }

    func begin(_ parameters: ConnectionParameters) -> NodeCommandOutcome? {
        do throws(ProbeFailure) {
            let connection = try Connection.start(parameters, .command)
            stage = .connecting(.init(connection: connection, progress: .waitingToWrite))
            return nil
        } catch {
            return .refused(error.reason)
        }
    }

    /// What to poll(2) for; nil where there is nothing.
    var interest: pollfd? { stage.interest }

    /// The descriptor is ready.
    ///
    /// - Parameter mayChange: whether this proxy has the right to what the command is for at this moment.
    /// - Returns: how it ended, if it has.
    func ready(mayChange: Bool = true) -> NodeCommandOutcome? {
        self.mayChange = mayChange
        do throws(ProbeFailure) {
            switch takeStage() {
            case .closed: return nil
            case .connecting(let connecting): return try goOn(connecting)
            case .asking(let asking): return try listen(asking)
            }
        } catch {
            return hasAsked ? .unanswered(error.reason) : .refused(error.reason)
        }
    }

    /// The deadline has passed.
    func expire() -> NodeCommandOutcome {
        stage = .closed
        let text = "no answer in time"
        return hasAsked ? .unanswered(text) : .refused(text)
    }

    private func takeStage() -> NodeCommandStage {
        var taken = NodeCommandStage.closed
        swap(&taken, &stage)
        return taken
    }

    private func goOn(_ connecting: consuming NodeCommandStage.Connecting) throws(ProbeFailure) -> NodeCommandOutcome? {
        let progress = try connecting.connection.connect()
        let connection = connecting.connection
        if progress == .done { return try carryOut(script.begin(version: connection.version), connection) }
        stage = .connecting(.init(connection: connection, progress: progress))
        return nil
    }

    private func listen(_ asking: consuming NodeCommandStage.Asking) throws(ProbeFailure) -> NodeCommandOutcome? {
        let result = try asking.connection.receive()
        var row = asking.row
        if row == nil, let result {
            if result.isError { return .refused(result.errorText) }
            row = try result.firstRow()
        }
        let isAtEnd = row == nil ? false : try asking.connection.isAtEnd()
        let connection = asking.connection
        if let row, isAtEnd {
            if script.isAboutToChange, !mayChange { return .refused(Self.lapsed(command)) }
            return try carryOut(script.next(row), connection)
        }
        stage = .asking(.init(connection: connection, row: row))
        return nil
    }

    private static func lapsed(_ command: NodeCommand) -> String {
        command.isPromotion ? "the lease in etcd has run out" : "what it was to follow is the primary no more"
    }

    private func carryOut(
        _ step: NodeCommandScript.Step,
        _ connection: consuming Connection
    ) throws(ProbeFailure) -> NodeCommandOutcome? {
        switch step {
        case .end(let outcome): return outcome
        case .send(let statement):
            hasAsked = true
            try connection.send(statement)
            stage = .asking(.init(connection: connection, row: nil))
            return nil
        }
    }
}
