/// A primary on which every commit waits: fewer standbys follow than synchronous_standby_names asks for (PostgreSQL
/// documentation, 20.6.2).
package struct CommitWait: Sendable, Equatable {
    package let needed: Int
    /// Standbys of those that are named, as many as stream.
    package let following: Int
    /// Sessions whose commit waits at this moment.
    package let sessions: Int

    package init(needed: Int, following: Int, sessions: Int) {
        self.needed = needed
        self.following = following
        self.sessions = sessions
    }

    /// An expression for it as one text; null where commits go on, and where the monitoring user may not know. In both
    /// forms of the setting with a number that number is wanted, else one; PostgreSQL calls those that count `sync` or
    /// `quorum`, and counts who streams alone.
    static let column = """
        CASE WHEN r OR pg_catalog.current_setting('synchronous_standby_names') = '' THEN NULL \
        ELSE (SELECT CASE WHEN w.hidden OR w.following >= w.needed THEN NULL ELSE w.needed || ' ' || w.following || ' ' || \
        (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE wait_event = 'SyncRep') END \
        FROM (SELECT COALESCE(pg_catalog.substring(pg_catalog.current_setting('synchronous_standby_names'), \
        '^[[:space:]]*(?:[A-Za-z]+[[:space:]]+)?([0-9]{1,4})[[:space:]]*[(]')::int, 1) AS needed, \
        pg_catalog.count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) AS following, \
        COALESCE(pg_catalog.bool_or(state IS NULL), false) AS hidden FROM pg_catalog.pg_stat_replication) AS w) END
        """

    /// The expression's value.
    package init?(_ text: String) {
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 3 else { return nil }
        self.init(needed: numbers[0], following: numbers[1], sessions: numbers[2])
    }

    /// For people, without what changes all the time.
    var text: String {
        "every commit waits: synchronous_standby_names asks for \(needed) standby\(needed == 1 ? "" : "s"), and \(following) "
            + "follow\(following == 1 ? "s" : "")"
    }
}
