import Glibc

/// A connection to one node for the steps of a switchover. Waits, but never beyond its deadline.
struct SwitchoverSession: ~Copyable {
    private let session: BlockingSession
    private let node: MonitoredNode

    /// - Parameter deadline: for all that is done over the session; microseconds of `MonotonicClock`.
    static func connect(_ node: MonitoredNode, deadline: UInt64) throws(SwitchoverFailure) -> SwitchoverSession {
        let addresses = try Self.addresses(of: node)
        let parameters = ConnectionParameters(node: node, addresses: addresses, purpose: "switchover")
        do throws(SessionFailure) {
            let session = try BlockingSession.connect(parameters, .command, deadline: deadline)
            return SwitchoverSession(session: session, node: node)
        } catch {
            throw SwitchoverFailure("node \(node.name): \(error.reason)")
        }
    }

    private init(session: consuming BlockingSession, node: MonitoredNode) {
        self.session = session
        self.node = node
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
        do throws(SessionFailure) {
            return try session.query(text) { (result) throws(ProbeFailure) in
                result.rowCount > 0 ? try result.value(0, 0) ?? "" : ""
            }
        } catch {
            throw SwitchoverFailure("node \(node.name): \(error.reason)")
        }
    }
}

/// Why a switchover came to nothing, in words for the administrator.
struct SwitchoverFailure: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
