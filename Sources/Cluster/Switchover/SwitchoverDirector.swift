import Dispatch
import Glibc
import MonotonicTime
import ProxyCore
import Synchronization

/// Makes a replica the primary while nobody writes through the proxy: the control plane's half of SWITCHOVER.
///
/// 1. The old primary is told to let no new transaction write (`default_transaction_read_only`), for those who do not
///    come through the proxy.
/// 2. When nobody writes there any more, its WAL position is taken.
/// 3. When the replica has replayed that, it is promoted (`pg_promote()`), and the others are pointed at it
///    (`primary_conninfo`).
///
/// What fails before the promotion is taken back. PostgreSQL cannot make the old primary a replica while it runs: it
/// stays as it is, read-only, and fenced since its timeline has ended.
package final class SwitchoverDirector: Sendable {
    private let members: Mutex<[MonitoredNode]>
    private let log: @Sendable (String) -> Void
    private let limit: Duration

    /// - Parameters:
    ///   - limit: how long each of the two waits may take.
    ///   - log: called with a line for the administrator, on any thread.
    package init(nodes: [MonitoredNode], limit: Duration = .seconds(10), log: @escaping @Sendable (String) -> Void) {
        members = Mutex(nodes)
        self.log = log
        self.limit = limit
    }

    /// Those that there are now.
    package var nodes: [MonitoredNode] { members.withLock { $0 } }

    /// Nodes have joined or left.
    package func update(_ nodes: [MonitoredNode]) { members.withLock { $0 = nodes } }

    /// Begins, away from the calling thread.
    ///
    /// - Parameter ended: called there, with why it came to nothing; nil where the node is the primary.
    package func begin(from: Int, to: Int, ended: @escaping @Sendable (String?) -> Void) {
        let nodes = nodes
        guard let old = nodes.first(where: { $0.index == from }), let new = nodes.first(where: { $0.index == to })
        else {
            return ended("there is no such node")
        }
        if new.promotion.isExcluded { return ended("node \(new.name) is never promoted (nofailover)") }
        DispatchQueue.global().async { [self] in
            do throws(SwitchoverFailure) {
                try run(old, new, others: nodes.filter { $0.index != from && $0.index != to })
                ended(nil)
            } catch {
                ended(error.reason)
            }
        }
    }

    private func run(
        _ old: MonitoredNode,
        _ new: MonitoredNode,
        others: [MonitoredNode]
    ) throws(SwitchoverFailure) {
        let deadline = MonotonicClock.now &+ (limit * 2 + .seconds(70)).microseconds
        let target = try SwitchoverSession.connect(new, deadline: deadline)
        guard try target.value("SELECT pg_is_in_recovery()") == "t" else {
            throw SwitchoverFailure("node \(new.name) is no replica")
        }
        let mayPromote = try target.value(
            "SELECT has_function_privilege('pg_catalog.pg_promote(boolean, integer)', 'EXECUTE')"
        )
        guard mayPromote == "t" else {
            throw SwitchoverFailure(
                "node \(new.name): monitor_user \"\(new.user)\" may not promote; "
                    + "GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO \"\(new.user)\" mends it"
            )
        }
        let source = try SwitchoverSession.connect(old, deadline: deadline)
        guard try source.value("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user") == "t" else {
            throw SwitchoverFailure(
                "node \(old.name): monitor_user \"\(old.user)\" must be a superuser to make the old primary read-only"
            )
        }
        try source.value("ALTER SYSTEM SET default_transaction_read_only = on")
        do throws(SwitchoverFailure) {
            try source.value("SELECT pg_reload_conf()")
            try promote(new, target, source)
        } catch {
            // A promotion that was not seen to its end may have come about all the same.
            guard (try? target.value("SELECT pg_is_in_recovery()")) != "f" else {
                log("node \(new.name) is the primary now, although: \(error.reason)")
                return
            }
            _ = try? source.value("ALTER SYSTEM RESET default_transaction_read_only")
            _ = try? source.value("SELECT pg_reload_conf()")
            throw error
        }
        tell(old, new)
        for node in others {
            do throws(SwitchoverFailure) {
                try point(node, at: new)
            } catch {
                log("could not point a replica at node \(new.name): \(error.reason)")
            }
        }
    }

    /// Has another replica stream from the new primary, with the login that it has.
    private func point(_ node: MonitoredNode, at new: MonitoredNode) throws(SwitchoverFailure) {
        let session = try SwitchoverSession.connect(node, deadline: MonotonicClock.now &+ limit.microseconds)
        guard try session.value("SELECT pg_catalog.pg_is_in_recovery()") == "t" else { return }
        let before = try session.value("SELECT pg_catalog.current_setting('primary_conninfo')")
        guard let after = PrimaryConninfo.pointing(before, at: new.address) else {
            throw SwitchoverFailure("node \(node.name): its primary_conninfo cannot be understood")
        }
        try session.value("ALTER SYSTEM SET primary_conninfo = \(NodeCommandScript.literal(after))")
        try session.value("SELECT pg_catalog.pg_reload_conf()")
    }

    private func promote(
        _ new: MonitoredNode,
        _ target: borrowing SwitchoverSession,
        _ source: borrowing SwitchoverSession
    ) throws(SwitchoverFailure) {
        let writers = """
            SELECT count(*) = 0 FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
            """
        try wait("transactions that do not come through Howdah still write on the old primary") {
            () throws(SwitchoverFailure) in try source.value(writers) == "t"
        }
        // What was written and rolled back last may not have been flushed, and nothing would flush it: no replica would
        // ever have it. The switch of the segment does.
        try source.value("SELECT pg_catalog.pg_switch_wal()")
        let told = try source.value("SELECT pg_catalog.pg_current_wal_flush_lsn()")
        // What one node says is not put into a statement for another as it is.
        guard let position = WALPosition(told) else {
            throw SwitchoverFailure("the old primary's WAL position cannot be understood")
        }
        try wait("node \(new.name) has not replayed \(position)") { () throws(SwitchoverFailure) in
            try target.value("SELECT pg_catalog.pg_last_wal_replay_lsn() >= '\(position)'") == "t"
        }
        guard try target.value("SELECT pg_catalog.pg_promote(true, 60)") == "t" else {
            throw SwitchoverFailure("node \(new.name) was not promoted within 60 s")
        }
    }

    /// Asks every few milliseconds.
    private func wait(
        _ what: String,
        until condition: () throws(SwitchoverFailure) -> Bool
    ) throws(SwitchoverFailure) {
        let end = MonotonicClock.now &+ limit.microseconds
        while try !condition() {
            if MonotonicClock.now >= end { throw SwitchoverFailure("\(what), after \(limit)") }
            usleep(5_000)
        }
    }

    private func tell(_ old: MonitoredNode, _ new: MonitoredNode) {
        log(
            """
            node \(new.name) was promoted; node \(old.name), the primary before, is read-only and its timeline has ended. To make it a \
            replica: stop it, run pg_rewind --target-pgdata=DIRECTORY --source-server='\(new.conninfo)' \
            --write-recovery-conf, and start it
            """
        )
    }
}
