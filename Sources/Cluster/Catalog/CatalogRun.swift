import Glibc
import MonotonicTime

/// One look at a database's catalog under way, over a connection of its own: never blocks.
final class CatalogRun {
    let database: String
    let node: MonitoredNode
    /// Microseconds of `MonotonicClock`; over all that is asked.
    let began: UInt64
    let deadline: UInt64
    /// Nodes that are asked where this one cannot be reached.
    let others: ArraySlice<Int>
    /// What has been said of changes before the look began.
    let change: CatalogChange
    /// Nobody wants it any more: it ends with the statement that is under way, for a server that works on one does not
    /// notice that its client has gone.
    var isUnwanted = false
    private let connection: Connection
    private var progress = ConnectionProgress.waitingToWrite
    private var step = CatalogStep.ownSearchPath
    private var draft: CatalogDraft
    /// What the answer that has come asks for, once it is at its end.
    private var pending: CatalogDraft.Progress?

    /// - Throws: for parameters that libpq refuses.
    init(
        database: String,
        node: MonitoredNode,
        addresses: [String],
        others: ArraySlice<Int>,
        change: CatalogChange,
        known: WatchedDatabase?,
        timeout: Duration
    ) throws(SessionFailure) {
        self.database = database
        self.node = node
        self.others = others
        self.change = change
        draft = CatalogDraft(
            known: known?.loaded.flatMap { loaded in loaded.fingerprint.map { ($0, loaded.rows) } }
        )
        began = MonotonicClock.now
        deadline = began &+ timeout.microseconds
        let parameters = ConnectionParameters(node: node, addresses: addresses, database: database, purpose: "catalog")
        do throws(ProbeFailure) {
            connection = try Connection.start(parameters, .catalog)
        } catch {
            throw .connection(error)
        }
    }

    /// What to poll(2) for.
    var interest: pollfd {
        let events = progress == .waitingToWrite ? POLLOUT : POLLIN
        return pollfd(fd: connection.descriptor, events: Int16(events), revents: 0)
    }

    /// The descriptor is ready.
    ///
    /// - Returns: what has been found, once the look is over.
    func ready() throws(SessionFailure) -> CatalogLook? {
        do throws(ProbeFailure) {
            if progress != .done {
                progress = try connection.connect()
                if progress == .done { try connection.send(step.text) }
                return nil
            }
            if pending != nil { try connection.consumeUnasked() }
        } catch {
            throw .connection(error)
        }
        return try read()
    }

    private func read() throws(SessionFailure) -> CatalogLook? {
        while true {
            if pending == nil {
                guard try receive() else { return nil }
            }
            let isAtEnd: Bool
            do throws(ProbeFailure) { isAtEnd = try connection.isAtEnd() } catch { throw .connection(error) }
            guard isAtEnd, let progress = pending else { return nil }
            pending = nil
            if isUnwanted { throw .stopped }
            switch progress {
            case .done(let look): return look
            case .ask(let next):
                step = next
                do throws(ProbeFailure) { try connection.send(next.text) } catch { throw .connection(error) }
            }
        }
    }

    /// - Returns: whether the answer has come.
    private func receive() throws(SessionFailure) -> Bool {
        do throws(ProbeFailure) {
            guard let result = try connection.receive() else { return false }
            if result.isError { throw ProbeFailure.unexpectedAnswer(result.errorText) }
            pending = try draft.add(result, of: step)
            return true
        } catch {
            throw .connection(error)
        }
    }
}
