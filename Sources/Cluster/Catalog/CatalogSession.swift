import Glibc

/// A connection for one look at a database's catalog. Waits, but never beyond its deadline, nor once the loader is
/// stopped.
struct CatalogSession: ~Copyable {
    private let connection: Connection
    private let deadline: UInt64
    private let mailbox: Mailbox<CatalogMessage>

    /// - Parameter deadline: for all that is done over the session; nanoseconds of `MonotonicClock`.
    static func connect(
        _ parameters: ConnectionParameters,
        deadline: UInt64,
        mailbox: Mailbox<CatalogMessage>
    ) throws(CatalogFailure) -> CatalogSession {
        let connection: Connection
        do throws(ProbeFailure) {
            connection = try Connection.start(parameters)
        } catch {
            throw .connection(error)
        }
        let session = CatalogSession(connection: connection, deadline: deadline, mailbox: mailbox)
        var progress = ConnectionProgress.waitingToWrite
        while progress != .done {
            try session.wait(for: progress == .waitingToWrite ? POLLOUT : POLLIN)
            progress = try session.attempt { (connection) throws(ProbeFailure) in try connection.connect() }
        }
        return session
    }

    private init(connection: consuming Connection, deadline: UInt64, mailbox: Mailbox<CatalogMessage>) {
        self.connection = connection
        self.deadline = deadline
        self.mailbox = mailbox
    }

    /// Runs one statement.
    func query(_ text: String) throws(CatalogFailure) -> QueryResult {
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

    private func attempt<T: ~Copyable>(_ step: (borrowing Connection) throws(ProbeFailure) -> T) throws(CatalogFailure)
        -> T
    {
        do throws(ProbeFailure) {
            return try step(connection)
        } catch {
            throw .connection(error)
        }
    }

    /// Until the connection's descriptor is ready.
    private func wait(for events: Int32) throws(CatalogFailure) {
        while true {
            if MonotonicClock.now >= deadline { throw .timedOut }
            var descriptors = [
                pollfd(fd: connection.descriptor, events: Int16(events), revents: 0),
                pollfd(fd: mailbox.bell.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, nfds_t(descriptors.count), MonotonicClock.pollTimeout(until: deadline))
            if count > 0, descriptors[1].revents != 0 {
                // Other messages wait in the mailbox until this look is done.
                mailbox.bell.answer()
                if mailbox.isStopped { throw .stopped }
            }
            if count > 0, descriptors[0].revents != 0 { return }
        }
    }
}
