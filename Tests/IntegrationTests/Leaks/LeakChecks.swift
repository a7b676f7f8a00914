/// What a session finds of others on the server that it has been given: nothing, where all is well.
enum LeakChecks {
    /// One line for each thing that somebody has left behind, in the session that runs this. It is run on the primary
    /// and on replicas.
    ///
    /// A custom setting that was set once and reset afterwards is an empty text and not NULL, on PostgreSQL itself as
    /// well.
    static let findings = """
        SELECT 'setting ' || name || ' = ' || setting FROM pg_catalog.pg_settings
        WHERE source = 'session' AND name NOT IN
            ('transaction_read_only', 'transaction_isolation', 'transaction_deferrable')
        UNION ALL SELECT 'custom setting ' || name || ' = ' || pg_catalog.current_setting(name, true)
        FROM pg_catalog.unnest('{app.tenant,app.other}'::text[]) AS name
        WHERE pg_catalog.current_setting(name, true) <> ''
        UNION ALL SELECT 'role ' || current_user || ' of ' || session_user
        WHERE current_user <> session_user OR pg_catalog.current_setting('role') <> 'none'
        UNION ALL SELECT 'session authorization ' || session_user FROM pg_catalog.pg_stat_activity a
        WHERE a.pid = pg_catalog.pg_backend_pid() AND a.usename <> session_user
        UNION ALL SELECT 'prepared statement ' || name || ': ' || statement FROM pg_catalog.pg_prepared_statements
        WHERE from_sql OR name !~ '^howdah_[0-9a-f]{10}$'
        UNION ALL SELECT 'advisory lock ' || objid FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid()
        UNION ALL SELECT 'temporary relation ' || relname FROM pg_catalog.pg_class
        WHERE relnamespace = pg_catalog.pg_my_temp_schema()
        UNION ALL SELECT 'temporary function ' || proname FROM pg_catalog.pg_proc
        WHERE pronamespace = pg_catalog.pg_my_temp_schema()
        UNION ALL SELECT 'temporary type ' || typname FROM pg_catalog.pg_type
        WHERE typnamespace = pg_catalog.pg_my_temp_schema()
        UNION ALL SELECT 'listens to ' || channel FROM pg_catalog.pg_listening_channels() AS channel
        UNION ALL SELECT 'cursor ' || name FROM pg_catalog.pg_cursors
        UNION ALL SELECT 'transaction with writes ' || backend_xid FROM pg_catalog.pg_stat_activity
        WHERE pid = pg_catalog.pg_backend_pid() AND backend_xid IS NOT NULL
        """

    /// What `random()` gives after `setseed(0.25)`, which is how the clients of the test set it.
    static let numbersOfSeed = "SELECT setseed(0.25); SELECT random() FROM generate_series(1, 50)"

    /// Looks at the server of a transaction that has just begun.
    /// - Parameter seeded: what must not come out of `random()`.
    /// - Returns: what was found, and which server it is.
    static func look(_ client: WireClient, seeded: Set<String>) throws -> (server: String, found: [String]) {
        // In a function the number is the server's own, and no view of statistics draws a transaction to the primary.
        let place = try client.query("SELECT inet_server_port() || '/' || leaks.server_process()")
        let reply = try client.query(findings)
        let drawn = try client.query("SELECT random()")
        var found = reply.rows.map { $0.first.flatMap(\.self) ?? "NULL" }
        for reply in [place, reply, drawn] { found += unexpected(in: reply) }
        if seeded.contains(drawn.value) { found.append("the seed of random()") }
        return (place.value, found)
    }

    /// Messages that no statement of the checking client asks for: errors, notices, notifications, reports of settings.
    static func unexpected(in reply: WireReply) -> [String] {
        reply.messages.filter { message in "ENAS".contains { message.is($0) } }.map(\.description)
    }
}
