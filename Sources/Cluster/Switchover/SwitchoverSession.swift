import Glibc

/// A connection to one node for the steps of a switchover. Waits, but never beyond its deadline.
struct SwitchoverSession: ~Copyable {
    private let connection: Connection
    private let node: MonitoredNode
    private let deadline: UInt64

    /// - Parameter deadline: for all that is done over the session; nanoseconds of `MonotonicClock`.
    static func connect(_ node: MonitoredNode, deadline: UInt64) throws(SwitchoverFailure) -> SwitchoverSession {
        let addresses = try Self.addresses(of: node)
        let parameters = ConnectionParameters(node: node, addresses: addresses, purpose: "switchover")
        let connection: Connection
        do throws(ProbeFailure) {
            connection = try Connection.start(parameters)
        } catch {
            throw SwitchoverFailure("node \(node.name): \(error.reason)")
        }
        let session = SwitchoverSession(connection: connection, node: node, deadline: deadline)
        var progress = ConnectionProgress.waitingToWrite
        while progress != .done {
            try session.wait(for: progress == .waitingToWrite ? POLLOUT : POLLIN)
            progress = try session.attempt { (connection) throws(ProbeFailure) in try connection.connect() }
        }
        return session
    }

    private init(connection: consuming Connection, node: MonitoredNode, deadline: UInt64) {
        self.connection = connection
        self.node = node
        self.deadline = deadline
    }

    private static func addresses(of node: MonitoredNode) throws(SwitchoverFailure) -> [String] {
        guard case .tcp(let host, _) = node.address else { return [] }
        if NameResolver.isNumeric(host) { return [host] }
        let answer = Mailbox<Result<[String], ProbeFailure>>()
        NameResolver.resolve(host) { answer.post($0) }
        while let results = answer.take() {
            guard let result = results.first else {
                var descriptors = [pollfd(fd: answer.bell.descriptor, events: Int16(POLLIN), revents: 0)]
                _ = poll(&descriptors, 1, -1)
                continue
            }
            do throws(ProbeFailure) {
                return try result.get()
            } catch {
                throw SwitchoverFailure("node \(node.name): \(error.reason)")
            }
        }
        return []
    }

    /// The first column of the first row of a statement's result; an empty string where there is none.
    @discardableResult
    func value(_ text: String) throws(SwitchoverFailure) -> String {
        try attempt { (connection) throws(ProbeFailure) in try connection.send(text) }
        while true {
            if let result = try attempt({ (connection) throws(ProbeFailure) in try connection.receive() }) {
                while try !attempt({ (connection) throws(ProbeFailure) in try connection.isAtEnd() }) {
                    try wait(for: POLLIN)
                    try attempt { (connection) throws(ProbeFailure) in try connection.consumeUnasked() }
                }
                if result.isError { throw SwitchoverFailure("node \(node.name): \(result.errorText)") }
                return result.rowCount > 0 ? result.text(0, 0) : ""
            }
            try wait(for: POLLIN)
        }
    }

    private func attempt<T: ~Copyable>(
        _ step: (borrowing Connection) throws(ProbeFailure) -> T
    ) throws(SwitchoverFailure) -> T {
        do throws(ProbeFailure) {
            return try step(connection)
        } catch {
            throw SwitchoverFailure("node \(node.name): \(error.reason)")
        }
    }

    /// Until the connection's descriptor is ready.
    private func wait(for events: Int32) throws(SwitchoverFailure) {
        while true {
            if MonotonicClock.now >= deadline { throw SwitchoverFailure("node \(node.name) did not answer in time") }
            var descriptors = [pollfd(fd: connection.descriptor, events: Int16(events), revents: 0)]
            if poll(&descriptors, 1, MonotonicClock.pollTimeout(until: deadline)) > 0 { return }
        }
    }
}
