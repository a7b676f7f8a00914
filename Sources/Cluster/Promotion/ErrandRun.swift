import Glibc

/// Does one errand at one node, over a connection of its own. Driven by `MonitorLoop` on its thread; never blocks.
final class ErrandRun {
    /// The node's place.
    let place: Int
    let errand: Errand
    /// When it is given up: nanoseconds of `MonotonicClock`.
    let deadline: UInt64
    private var script: ErrandScript
    private var stage = Stage.closed
    /// A statement has been sent, so that something may have been done.
    private var hasAsked = false

    private enum Stage: ~Copyable {
        case closed
        case connecting(Connection, ConnectionProgress)
        /// `row`: of the result, where that has come and the end of the reply has not.
        case asking(Connection, row: [String?]?)
    }

    init(_ errand: Errand, place: Int, deadline: UInt64) {
        self.errand = errand
        self.place = place
        self.deadline = deadline
        script = ErrandScript(errand)
    }

    func begin(_ parameters: ConnectionParameters) -> ErrandOutcome? {
        do throws(ProbeFailure) {
            stage = .connecting(try Connection.start(parameters), .waitingToWrite)
            return nil
        } catch {
            return .refused(error.reason)
        }
    }

    /// What to poll(2) for; nil where there is nothing.
    var interest: pollfd? {
        switch stage {
        case .closed: nil
        case .connecting(let connection, let progress):
            pollfd(
                fd: connection.descriptor,
                events: Int16(progress == .waitingToWrite ? POLLOUT : POLLIN),
                revents: 0
            )
        case .asking(let connection, _): pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
        }
    }

    /// The descriptor is ready.
    ///
    /// - Returns: how it ended, if it has.
    func ready() -> ErrandOutcome? {
        var taken = Stage.closed
        swap(&taken, &stage)
        do throws(ProbeFailure) {
            switch consume taken {
            case .closed: return nil
            case .connecting(let connection, _):
                let progress = try connection.connect()
                guard progress == .done else {
                    stage = .connecting(connection, progress)
                    return nil
                }
                return try take(script.begin(version: connection.version), connection)
            case .asking(let connection, let row): return try listen(connection, row)
            }
        } catch {
            return hasAsked ? .unanswered(error.reason) : .refused(error.reason)
        }
    }

    /// The deadline has passed.
    func expire() -> ErrandOutcome {
        stage = .closed
        let text = "no answer in time"
        return hasAsked ? .unanswered(text) : .refused(text)
    }

    private func listen(
        _ connection: consuming Connection,
        _ before: [String?]?
    ) throws(ProbeFailure) -> ErrandOutcome? {
        var row = before
        if row == nil, let result = try connection.receive() {
            if result.isError { return .refused(result.errorText) }
            row = result.rowCount > 0 ? (0..<result.columnCount).map { result.value(0, $0) } : []
        }
        guard let row else {
            stage = .asking(connection, row: nil)
            return nil
        }
        guard try connection.isAtEnd() else {
            stage = .asking(connection, row: row)
            return nil
        }
        return try take(script.next(row), connection)
    }

    private func take(
        _ step: ErrandScript.Step,
        _ connection: consuming Connection
    ) throws(ProbeFailure) -> ErrandOutcome? {
        switch step {
        case .end(let outcome): return outcome
        case .send(let statement):
            hasAsked = true
            try connection.send(statement)
            stage = .asking(connection, row: nil)
            return nil
        }
    }
}
