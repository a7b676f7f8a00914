import ProxyCore

/// What is asked of a node at one time.
struct ProbeQuestion: Sendable {
    enum Kind: Sendable {
        /// All that a check wants to know.
        ///
        /// - Parameters:
        ///   - withHistory: also the contents of the history file of a primary's timeline, which not every user may
        ///     read.
        ///   - withSenders: also who streams from a primary.
        case check(withHistory: Bool, withSenders: Bool)
        /// Role and positions alone, many times a second while somebody waits for them.
        case sample
    }

    let kind: Kind
    /// Taken before the query is sent.
    let number: SampleNumber
    /// Microseconds of `MonotonicClock`.
    let sentAt: UInt64

    // pg_is_in_recovery() is asked once, so that a promotion in the middle cannot make the rest an error: what is asked
    // of a replica can be asked of a primary too (PostgreSQL documentation, 9.27.3 and 9.27.4).
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
        (SELECT COALESCE(status, '?') FROM pg_catalog.pg_stat_wal_receiver), \
        (SELECT last_msg_receipt_time FROM pg_catalog.pg_stat_wal_receiver), \
        pg_catalog.has_function_privilege(\
        'pg_catalog.pg_read_file(text, bigint, bigint, boolean)', 'EXECUTE'), \
        (EXTRACT(epoch FROM pg_catalog.current_setting('wal_writer_delay')::pg_catalog.interval) * 1000)::bigint
        """

    private static let commits = ", " + CommitWait.column

    // A function that one may not execute is an error also where it is not called (PostgreSQL documentation, 9.27.9).
    private static let history = """
        , CASE WHEN r THEN NULL ELSE pg_catalog.pg_read_file('pg_wal/' || \
        pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8) || '.history', \
        0, 1048576, true) END
        """

    private static let sampleText = "SELECT " + columns + source

    private static func checkText(_ history: String, _ senders: String) -> String {
        "SELECT " + columns + identity + history + commits + senders + source
    }

    var text: String {
        switch kind {
        case .check(let withHistory, let withSenders):
            Self.checkText(withHistory ? Self.history : ", NULL", withSenders ? ", " + SenderList.column : "")
        case .sample: Self.sampleText
        }
    }

    /// A replica without a stream tells the timeline of its last restartpoint, which may be long ago: what it received
    /// since counts, for as long as it has not gone back.
    static func newer(
        _ recorded: UInt32?,
        _ before: NodeReading?,
        _ role: NodeRole,
        _ reached: WALPosition?
    ) -> UInt32? {
        guard role == .replica, let before, before.role == .replica, let earlier = before.timeline,
            let old = before.reached, let reached, reached >= old
        else { return recorded }
        return max(recorded ?? earlier, earlier)
    }

    /// Int4 in PostgreSQL's columns; 0 where there is none.
    private static func timeline(_ result: borrowing QueryResult, _ column: Int) throws(ProbeFailure) -> UInt32? {
        try result.value(0, column) { Int32($0) }.flatMap { $0 == 0 ? nil : UInt32(bitPattern: $0) }
    }

    /// A setting of some seconds at most; nil where it is none.
    private static func milliseconds(_ text: String) -> UInt64? {
        UInt64(text).flatMap { $0 <= 3_600_000 ? $0 : nil }
    }

    /// Whether the node has said that it would tell the history of its timeline, and has not been asked for it.
    func mayTellHistory(_ result: borrowing QueryResult) throws(ProbeFailure) -> Bool {
        switch kind {
        case .check(let withHistory, _): return try result.isTrue(0, 8) && !withHistory
        case .sample: return false
        }
    }

    /// Reads the answer's only row; what a sample does not ask is as it was.
    func reading(_ result: borrowing QueryResult, before: NodeReading?) throws(ProbeFailure) -> NodeReading {
        let role: NodeRole = try result.isTrue(0, 0) ? .replica : .primary
        let told = try Self.timeline(result, 3)
        let reached = try result.value(0, 1) { WALPosition($0) }
        let flushed = try result.value(0, 2) { WALPosition($0) }
        switch kind {
        case .sample:
            let earlier = before?.role == role ? before : nil
            let timeline = told ?? earlier?.timeline
            return NodeReading(
                role: role,
                number: number,
                sentAt: sentAt,
                reached: reached,
                flushed: flushed,
                timeline: timeline,
                systemIdentifier: before?.systemIdentifier,
                commitsFlushedWithin: earlier?.commitsFlushedWithin,
                receiver: earlier?.receiver,
                heard: earlier?.heard,
                history: earlier?.timeline == timeline ? earlier?.history : nil,
                commitWait: earlier?.commitWait
            )
        case .check(let withHistory, let withSenders):
            let recorded = try Self.timeline(result, 4)
            let timeline = told ?? Self.newer(recorded, before, role, reached)
            return NodeReading(
                role: role,
                number: number,
                sentAt: sentAt,
                reached: reached,
                flushed: flushed,
                timeline: timeline,
                systemIdentifier: try result.value(0, 5) { Int64($0) == nil ? nil : $0 },
                // "Three times wal_writer_delay" (PostgreSQL documentation, 30.4).
                commitsFlushedWithin: try result.value(0, 9, Self.milliseconds).map { 3 * $0 * 1_000 },
                receiver: try result.value(0, 6),
                heard: try result.value(0, 7),
                history: withHistory ? Timeline(number: timeline ?? 0, file: try result.value(0, 10)).history : nil,
                commitWait: try result.value(0, 11) { CommitWait($0) },
                senders: withSenders ? try result.value(0, 12) { SenderList($0) } : nil
            )
        }
    }
}
