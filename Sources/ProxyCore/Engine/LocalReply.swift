import PostgresWire

/// What the proxy answers to a statement of which no server hears.
struct LocalReply {
    /// nil for a statement that returns no rows.
    var columns: [String]?
    var rows: [[String?]] = []
    var tag = ""
    /// Told in front of the rest.
    var warning: PostgresError?
    var error: PostgresError?

    static func done(_ tag: String, warning: PostgresError? = nil) -> LocalReply {
        LocalReply(tag: tag, warning: warning)
    }

    static func failed(_ error: PostgresError) -> LocalReply { LocalReply(error: error) }

    static func value(_ column: String, _ value: String) -> LocalReply {
        LocalReply(columns: [column], rows: [[value]], tag: "SHOW")
    }
}
