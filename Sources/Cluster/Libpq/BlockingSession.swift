import Glibc
import MonotonicTime

/// A connection for a few statements, one after the other. Waits for each, but never beyond its deadline, nor once its
/// thread is stopped.
struct BlockingSession: ~Copyable {
    private let connection: Connection
    private var deadline: UInt64
    private let stopper: (any Stopping)?

    /// - Parameters:
    ///   - limit: of what the node may send.
    ///   - deadline: for all that is done over the session; microseconds of `MonotonicClock`.
    ///   - stopper: ends a wait; nil where only the deadline does.
    static func connect(
        _ parameters: ConnectionParameters,
        _ limit: AnswerLimit,
        deadline: UInt64,
        stopper: (any Stopping)? = nil
    ) throws(SessionFailure) -> BlockingSession {
        let connection: Connection
        do throws(ProbeFailure) {
            connection = try Connection.start(parameters, limit)
        } catch {
            throw .connection(error)
        }
        let session = BlockingSession(connection: connection, deadline: deadline, stopper: stopper)
        var progress = ConnectionProgress.waitingToWrite
        while progress != .done {
            try session.wait(for: progress == .waitingToWrite ? POLLOUT : POLLIN)
            progress = try session.attempt { (connection) throws(ProbeFailure) in try connection.connect() }
        }
        return session
    }

    private init(connection: consuming Connection, deadline: UInt64, stopper: (any Stopping)?) {
        self.connection = connection
        self.deadline = deadline
        self.stopper = stopper
    }

    /// For what is done from now on; microseconds of `MonotonicClock`.
    mutating func setDeadline(_ new: UInt64) { deadline = new }

    /// It has brought so much that it is to be made anew.
    var isWornOut: Bool { connection.isWornOut }

    /// Runs one statement, and reads its result.
    ///
    /// - Parameter read: throws where the result is not what was asked for.
    func query<T>(
        _ text: String,
        _ read: (borrowing QueryResult) throws(ProbeFailure) -> T
    ) throws(SessionFailure) -> T {
        let result = try query(text)
        do throws(ProbeFailure) {
            return try read(result)
        } catch {
            throw .connection(error)
        }
    }

    private func query(_ text: String) throws(SessionFailure) -> QueryResult {
        try attempt { (connection) throws(ProbeFailure) in try connection.send(text) }
        while true {
            if let result = try attempt({ (connection) throws(ProbeFailure) in try connection.receive() }) {
                // One statement, one result: what is left is the end of the reply.
                while try !attempt({ (connection) throws(ProbeFailure) in try connection.isAtEnd() }) {
                    try wait(for: POLLIN)
                    try attempt { (connection) throws(ProbeFailure) in try connection.consumeUnasked() }
                }
                if result.isError { throw .refused(result.errorText) }
                return result
            }
            try wait(for: POLLIN)
        }
    }

    private func attempt<T: ~Copyable>(_ step: (borrowing Connection) throws(ProbeFailure) -> T) throws(SessionFailure)
        -> T
    {
        do throws(ProbeFailure) {
            return try step(connection)
        } catch {
            throw .connection(error)
        }
    }

    /// Until the connection's descriptor is ready.
    private func wait(for events: Int32) throws(SessionFailure) {
        while true {
            if MonotonicClock.now >= deadline { throw .timedOut }
            var descriptors = [pollfd(fd: connection.descriptor, events: Int16(events), revents: 0)]
            if let stopper {
                descriptors.append(pollfd(fd: stopper.bell.descriptor, events: Int16(POLLIN), revents: 0))
            }
            let count = poll(&descriptors, nfds_t(descriptors.count), MonotonicClock.pollTimeout(until: deadline))
            if let stopper, count > 0, descriptors[1].revents != 0 {
                // Other messages wait in the mailbox until this session is done.
                stopper.bell.answer()
                if stopper.isStopped { throw .stopped }
            }
            if count > 0, descriptors[0].revents != 0 { return }
        }
    }
}

/// Why a statement of the control plane has no result.
enum SessionFailure: Error, Equatable {
    /// The thread that runs it is being stopped.
    case stopped
    case timedOut
    case connection(ProbeFailure)
    /// The server refused a statement.
    case refused(String)

    var reason: String {
        switch self {
        case .stopped: "stopped"
        case .timedOut: "no answer within the time limit"
        case .connection(let failure): failure.reason
        case .refused(let text): text
        }
    }
}

/// What can end a wait of a thread of the control plane: a mailbox.
protocol Stopping: AnyObject {
    /// Rings for the stop, and perhaps for more.
    var bell: EventBell { get }
    var isStopped: Bool { get }
}

extension Mailbox: Stopping {}
