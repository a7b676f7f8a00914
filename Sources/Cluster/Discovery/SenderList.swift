/// Who streams from a primary, as its `pg_stat_replication` has it (PostgreSQL documentation, 28.2.4).
package enum SenderList: Sendable, Equatable {
    /// The monitoring user sees no more of other users' sessions than that they are there.
    case denied
    case told([Sender])

    package struct Sender: Sendable, Equatable {
        package let applicationName: String
        /// Empty: it came by a Unix-domain socket.
        package let address: String

        package init(applicationName: String, address: String) {
            self.applicationName = applicationName
            self.address = address
        }
    }

    /// An expression for the list as one text: a line for each replica, of name and address with a tab in between.
    /// PostgreSQL lets neither stand in an application name. Backups and logical subscribers are no replicas; what
    /// pg_receivewal is cannot be seen but by its name.
    static let column = """
        CASE WHEN r THEN NULL WHEN NOT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') THEN '!' \
        ELSE COALESCE((SELECT pg_catalog.string_agg(COALESCE(s.application_name, '') || pg_catalog.chr(9) \
        || COALESCE(pg_catalog.host(s.client_addr), ''), pg_catalog.chr(10) ORDER BY s.pid) \
        FROM pg_catalog.pg_stat_replication AS s WHERE s.state <> 'backup' AND s.application_name <> 'pg_receivewal' \
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots AS l WHERE l.active_pid = s.pid \
        AND l.slot_type = 'logical')), '') END
        """

    /// The expression's value.
    package init(_ text: String) {
        if text == "!" {
            self = .denied
            return
        }
        self = .told(
            text.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else { return nil }
                return Sender(applicationName: String(parts[0]), address: String(parts[1]))
            }
        )
    }
}
