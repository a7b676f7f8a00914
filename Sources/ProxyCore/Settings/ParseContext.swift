import Bytes

/// The settings that a text's parsing, planning and constant parts may hang on, as one number: equal for sessions that
/// agree in all of them.
///
/// A server does a good deal of a statement's work once: it looks names up by `search_path`, reads constants by
/// `TimeZone`, `DateStyle` and `IntervalStyle`, folds what does not change, and plans by `enable_…` and the like. What
/// one session has prepared is right for another only where all of that would come out the same.
struct ParseContext: Hashable, BitwiseCopyable {
    let rawValue: UInt64

    /// No setting but harmless ones.
    static let plain = ParseContext(rawValue: 0)

    /// Settings that no parsed or planned statement depends on. Only what is known to be harmless is listed, each
    /// with the others of its reason; custom settings (`app.tenant`) are not, since a function that is declared to be
    /// immutable may read them, and extensions plan by theirs.
    private static let harmless: Set<String> = [
        // Told to others, used in nothing.
        "application_name",
        // When a statement is given up.
        "statement_timeout", "lock_timeout", "deadlock_timeout", "transaction_timeout", "idle_session_timeout",
        "idle_in_transaction_session_timeout", "client_connection_check_interval", "authentication_timeout",
        // What is told of it, to the client and in the log.
        "client_min_messages", "log_min_messages", "log_min_error_statement", "log_min_duration_statement",
        "log_min_duration_sample", "log_statement_sample_rate", "log_transaction_sample_rate", "log_statement",
        "log_duration", "log_error_verbosity", "log_lock_waits", "log_parser_stats", "log_planner_stats",
        "log_executor_stats", "log_statement_stats", "log_temp_files", "log_replication_commands",
        "log_parameter_max_length", "log_parameter_max_length_on_error", "log_connections", "log_disconnections",
        "track_activities", "track_io_timing", "track_wal_io_timing", "track_functions", "track_counts",
        // How its transaction is kept.
        "synchronous_commit", "commit_delay", "commit_siblings", "wal_compression", "wal_consistency_checking",
        "default_transaction_isolation", "default_transaction_read_only", "default_transaction_deferrable",
        // The connection.
        "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout",
    ]

    static func isHarmless(_ name: String) -> Bool { harmless.contains(name) }

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Parameter settings: in the order of their names.
    init(_ settings: [SessionSetting], _ hash: KeyedHash) {
        var bytes: [UInt8] = []
        for setting in settings where !Self.isHarmless(setting.name) {
            bytes += setting.name.utf8
            bytes.append(0)
            bytes += setting.value.utf8
            bytes.append(0)
        }
        rawValue = bytes.isEmpty ? 0 : hash.hash(bytes.span.bytes) | 1
    }

    /// One that no session has ever had: nothing is shared under it.
    init(unique number: UInt64, _ hash: KeyedHash) {
        rawValue = withUnsafeBytes(of: number) { hash.hash($0) } & ~1 | 2
    }
}
