import ProxyCore

/// What is asked of a node at one time.
struct ProbeQuestion: Sendable {
    enum Kind: Sendable {
        /// All that a check wants to know.
        case check
        /// Role and positions alone, many times a second while somebody waits for them.
        case sample
    }

    let kind: Kind
    /// Taken before the query is sent.
    let number: SampleNumber
    /// Nanoseconds of `MonotonicClock`.
    let sentAt: UInt64

    // pg_is_in_recovery() is asked once, so that a promotion in the middle cannot make the rest an error: what is asked of a replica can be asked of a primary
    // too (PostgreSQL documentation, 9.27.3 and 9.27.4).
    private static let columns = """
        r, CASE WHEN r THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_insert_lsn() END, \
        CASE WHEN r THEN pg_catalog.pg_last_wal_receive_lsn() ELSE pg_catalog.pg_current_wal_flush_lsn() END, \
        CASE WHEN r THEN (SELECT received_tli FROM pg_catalog.pg_stat_wal_receiver) \
        ELSE ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8))\
        ::bit(32)::int END
        """

    private static let source = " FROM (SELECT pg_catalog.pg_is_in_recovery() AS r OFFSET 0) AS node"

    private static let identity = """
        , (SELECT GREATEST(c.timeline_id, v.min_recovery_end_timeline) FROM pg_catalog.pg_control_checkpoint() AS c, \
        pg_catalog.pg_control_recovery() AS v), \
        (SELECT system_identifier FROM pg_catalog.pg_control_system()), \
        (SELECT status FROM pg_catalog.pg_stat_wal_receiver)
        """

    private static let sampleText = "SELECT " + columns + source
    private static let checkText = "SELECT " + columns + identity + source

    var text: String {
        switch kind {
        case .check: Self.checkText
        case .sample: Self.sampleText
        }
    }

    /// Reads the answer's only row; what a sample does not ask is as it was.
    func reading(_ result: borrowing QueryResult, before: NodeReading?) -> NodeReading {
        let role: NodeRole = result.isTrue(0, 0) ? .replica : .primary
        let isSame = before?.role == role
        let timeline = result.value(0, 3).flatMap { UInt32($0) }.flatMap { $0 == 0 ? nil : $0 }
        let earlier = isSame ? before : nil
        return NodeReading(
            role: role,
            number: number,
            sentAt: sentAt,
            reached: result.value(0, 1).flatMap { WALPosition($0) },
            flushed: result.value(0, 2).flatMap { WALPosition($0) },
            timeline: timeline ?? (kind == .check ? result.value(0, 4).flatMap { UInt32($0) } : earlier?.timeline),
            systemIdentifier: kind == .check ? result.value(0, 5) : before?.systemIdentifier,
            receiver: kind == .check ? result.value(0, 6) : earlier?.receiver
        )
    }
}
