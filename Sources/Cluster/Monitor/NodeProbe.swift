import Glibc
import MonotonicTime
import ProxyCore

/// Checks one node over one connection that is kept open. Driven by `MonitorLoop` on its thread; never blocks.
final class NodeProbe {
    /// Its address stays; `isRelogged` where its login changes.
    private(set) var node: MonitoredNode
    /// Whether a primary is asked who streams from it.
    private let asksForSenders: Bool
    private(set) var addresses: HostAddresses
    /// Of checks that begin from now on.
    var timeout: Duration
    private let clock: SampleClock
    private var stage = ProbeStage.closed
    private(set) var isDoubted = false
    /// The connection that is there has logged in as somebody else than the next one will.
    private var isRelogged = false
    private var candour = Candour.unknown
    private var lastReading: NodeReading?
    /// When it was last asked for its positions: microseconds of `MonotonicClock`.
    private(set) var lastAsked: UInt64 = 0

    /// What the monitoring user may know, as far as that has been found out.
    private enum Candour {
        case unknown
        /// Also the history of its timeline.
        case open
        /// All but that.
        case reserved
        /// Nothing of what only checks ask: only positions are asked from then on.
        case restricted
    }

    init(node: MonitoredNode, timeout: Duration, clock: SampleClock, asksForSenders: Bool = false) {
        self.node = node
        self.asksForSenders = asksForSenders
        self.timeout = timeout
        self.clock = clock
        addresses = HostAddresses(node.address)
    }

    /// Begins a check. None may be under way.
    func begin(at now: UInt64) -> ProbeOutcome? {
        let deadline = now &+ timeout.microseconds
        let connectsAnew = isDoubted || isRelogged
        isDoubted = false
        // Another user may be told more, or less.
        if isRelogged { candour = .unknown }
        isRelogged = false
        switch takeStage() {
        case .idle(let connection):
            if connectsAnew || connection.isWornOut { return open(deadline: deadline) }
            return check(connection, isFresh: false, deadline: deadline)
        case .closed:
            return open(deadline: deadline)
        default:
            preconditionFailure("a check of node \(node.name) began while another was under way")
        }
    }

    /// Looks at the node's positions between two checks, where its connection is free.
    ///
    /// - Returns: `failed` where the connection does not serve any more.
    func beginSample(at now: UInt64) -> ProbeOutcome? {
        switch takeStage() {
        case .idle(let connection):
            return ask(connection, .sample, isSample: true, isFresh: true, deadline: now &+ timeout.microseconds)
        case .closed: stage = .closed
        case .resolving(let deadline): stage = .resolving(deadline: deadline)
        case .connecting(let connecting): stage = .connecting(connecting)
        case .asking(let asking): stage = .asking(asking)
        }
        return nil
    }

    /// Whether a sample could begin now.
    var isIdle: Bool { stage.isIdle }

    /// Whether a sample is under way.
    var isSampling: Bool { stage.isSampling }

    /// Somebody could not use the node: the next check makes a new connection, since a session that is there already
    /// may go on where no new one gets in.
    func doubt() {
        isDoubted = true
    }

    /// The configuration says something else of the node: weight, promotion, login.
    func set(_ new: MonitoredNode) {
        isRelogged = isRelogged || !new.hasSameLogin(as: node)
        node = new
    }

    /// What to poll(2) for; nil where there is nothing.
    var interest: pollfd? { stage.interest }

    /// When the check under way is given up; nil while there is none.
    var deadline: UInt64? { stage.deadline }

    /// The descriptor is ready.
    ///
    /// - Returns: the outcome, if the check under way has ended by that. `connectionLost` while none was under way
    ///   means that the server closed the connection in between.
    func ready() -> ProbeOutcome? {
        switch takeStage() {
        case .closed:
            return nil
        case .resolving(let deadline):
            stage = .resolving(deadline: deadline)
            return nil
        case .connecting(let connecting):
            return goOn(connecting)
        case .idle(let connection):
            do throws(ProbeFailure) {
                try connection.consumeUnasked()
                stage = .idle(connection)
                return nil
            } catch {
                return .failed(error)
            }
        case .asking(let asking):
            return listen(asking)
        }
    }

    /// The deadline has passed: gives the check up, and the connection with it.
    func expire() -> ProbeOutcome? {
        switch takeStage() {
        case .closed:
            return nil
        case .idle(let connection):
            stage = .idle(connection)
            return nil
        case .resolving:
            return .failed(.timedOut(.resolving))
        case .connecting:
            addresses.connectFailed()
            return .failed(.timedOut(.connecting))
        case .asking(let asking):
            // A kept connection's address may be a machine that is gone: DNS may know better.
            if !asking.isFresh { addresses.connectFailed() }
            return .failed(.timedOut(.asking))
        }
    }

    // MARK: Addresses

    /// Whether the host's name is to be looked up now; counts as begun then.
    func takeLookUp(at now: UInt64, interval: Duration) -> Bool {
        addresses.takeLookUp(at: now, interval: interval)
    }

    /// A look-up ended.
    ///
    /// - Returns: whether the set of addresses changed, and the outcome of the check that waited for it, if that has
    ///   ended.
    func lookedUp(
        _ result: Result<[String], ProbeFailure>,
        at now: UInt64
    ) -> (changed: Bool, outcome: ProbeOutcome?) {
        var changed = false
        switch result {
        case .success(let found):
            changed = addresses.lookedUp(found, at: now)
        case .failure(let failure):
            addresses.lookUpFailed(at: now)
            guard stage.isResolving else { return (false, nil) }
            stage = .closed
            return (false, .failed(failure))
        }
        switch takeStage() {
        case .resolving(let deadline):
            return (changed, open(deadline: deadline))
        case .idle(let connection):
            // The name points elsewhere now: what the old address says counts no more.
            stage = addresses.list.contains(connection.address) ? .idle(connection) : .closed
        case .closed:
            break
        case .connecting(let connecting):
            stage = .connecting(connecting)
        case .asking(let asking):
            stage = .asking(asking)
        }
        return (changed, nil)
    }

    // MARK: Steps

    private func open(deadline: UInt64) -> ProbeOutcome? {
        if addresses.mustWait {
            stage = .resolving(deadline: deadline)
            return nil
        }
        do throws(ProbeFailure) {
            let parameters = ConnectionParameters(node: node, addresses: addresses.list, purpose: "monitor")
            let connection = try Connection.start(parameters, .check)
            // libpq: behave as if the first poll had said "writing".
            stage = .connecting(.init(connection: connection, progress: .waitingToWrite, deadline: deadline))
            return nil
        } catch {
            return connectFailed(error)
        }
    }

    private func goOn(_ connecting: consuming ProbeStage.Connecting) -> ProbeOutcome? {
        do throws(ProbeFailure) {
            let deadline = connecting.deadline
            let progress = try connecting.connection.connect()
            let connection = connecting.connection
            if progress == .done {
                addresses.answered(connection.address)
                return check(connection, isFresh: true, deadline: deadline)
            }
            stage = .connecting(.init(connection: connection, progress: progress, deadline: deadline))
            return nil
        } catch {
            return connectFailed(error)
        }
    }

    private func connectFailed(_ failure: ProbeFailure) -> ProbeOutcome {
        if failure.mayBeTheAddress { addresses.connectFailed() }
        return .failed(failure)
    }

    private func check(_ connection: consuming Connection, isFresh: Bool, deadline: UInt64) -> ProbeOutcome? {
        let kind: ProbeQuestion.Kind =
            switch candour {
            case .unknown, .reserved: .check(withHistory: false, withSenders: asksForSenders)
            case .open: .check(withHistory: true, withSenders: asksForSenders)
            case .restricted: .sample
            }
        return ask(connection, kind, isSample: false, isFresh: isFresh, deadline: deadline)
    }

    private func ask(
        _ connection: consuming Connection,
        _ kind: ProbeQuestion.Kind,
        isSample: Bool,
        isFresh: Bool,
        deadline: UInt64
    ) -> ProbeOutcome? {
        let now = MonotonicClock.now
        lastAsked = now
        // The number is taken before anything is sent: what is answered until here is covered by what the node finds.
        let question = ProbeQuestion(kind: kind, number: clock.begin(), sentAt: now)
        do throws(ProbeFailure) {
            try connection.send(question.text)
            stage = .asking(
                .init(
                    connection: connection,
                    question: question,
                    isSample: isSample,
                    isFresh: isFresh,
                    answer: nil,
                    deadline: deadline
                )
            )
            return nil
        } catch {
            return broken(error, isFresh: isFresh, deadline: deadline)
        }
    }

    private func listen(_ asking: consuming ProbeStage.Asking) -> ProbeOutcome? {
        let (isFresh, isSample, deadline, question) = (
            asking.isFresh, asking.isSample, asking.deadline, asking.question
        )
        do throws(ProbeFailure) {
            let answer = try answer(asking)
            let isAtEnd = answer == nil ? false : try asking.connection.isAtEnd()
            let connection = asking.connection
            if let answer, isAtEnd {
                if answer.mayTellHistory, candour == .unknown {
                    // At once, so that no primary is judged before its history is known.
                    candour = .open
                    return check(connection, isFresh: isFresh, deadline: deadline)
                }
                let observation = NodeObservation(role: answer.reading.role, version: connection.version)
                stage = .idle(connection)
                lastReading = answer.reading
                return .succeeded(observation, answer.reading)
            }
            stage = .asking(
                .init(
                    connection: connection,
                    question: question,
                    isSample: isSample,
                    isFresh: isFresh,
                    answer: answer,
                    deadline: deadline
                )
            )
            return nil
        } catch {
            if case .check = question.kind, case .unexpectedAnswer = error {
                // It may not tell a monitoring user all of that: the rest will do.
                candour = candour == .open ? .reserved : .restricted
                return open(deadline: deadline)
            }
            return broken(error, isFresh: isFresh, deadline: deadline)
        }
    }

    /// The answer, as far as it has arrived.
    private func answer(_ asking: borrowing ProbeStage.Asking) throws(ProbeFailure) -> ProbeAnswer? {
        let result = try asking.connection.receive()
        if let answer = asking.answer { return answer }
        guard let result else { return nil }
        if result.isError { throw .unexpectedAnswer(result.errorText) }
        guard result.rowCount == 1 else {
            throw .malformedAnswer("\(result.rowCount) rows to a question for one")
        }
        return ProbeAnswer(
            reading: try asking.question.reading(result, before: lastReading),
            mayTellHistory: try asking.question.mayTellHistory(result)
        )
    }

    /// A connection broke under a query: a kept one is replaced within the same check.
    private func broken(_ failure: ProbeFailure, isFresh: Bool, deadline: UInt64) -> ProbeOutcome? {
        isFresh ? .failed(failure) : open(deadline: deadline)
    }

    private func takeStage() -> ProbeStage {
        var taken = ProbeStage.closed
        swap(&taken, &stage)
        return taken
    }
}

/// How a check ended.
enum ProbeOutcome {
    case succeeded(NodeObservation, NodeReading)
    case failed(ProbeFailure)

    var event: NodeWatch.Event {
        switch self {
        case .succeeded(let seen, _): .probeSucceeded(seen)
        case .failed(let failure): .probeFailed(failure)
        }
    }
}
