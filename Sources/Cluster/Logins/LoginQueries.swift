/// The statements that tell how log-ins stand; from PostgreSQL 12 on. Every name is qualified.
enum LoginQueries {
    /// Whether the monitoring user may see verifiers of passwords: without that, only what `pg_roles` shows counts.
    static let seesPasswords = "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')"

    /// When this session's server has read its configuration files, pg_hba.conf among them: seconds since 1970.
    private static let configuration = "EXTRACT(epoch FROM pg_catalog.pg_conf_load_time())::text"

    /// Columns: when the configuration was read; a value that changes with every change of a role, of a database or of
    /// what was set for one. Some rows are read, none leaves the server.
    static func state(seesPasswords: Bool) -> String {
        let roles =
            seesPasswords
            ? versions(of: "pg_authid", identity: "t.oid::bigint")
            : "(SELECT pg_catalog.count(*) || ' ' || coalesce(pg_catalog.sum(pg_catalog.hashtextextended(t::text, 0)), 0)"
                + " FROM pg_catalog.pg_roles t)"
        let parts = [
            roles, versions(of: "pg_database", identity: "t.oid::bigint"),
            versions(of: "pg_db_role_setting", identity: "pg_catalog.hashtext(t.ctid::text)::bigint"),
        ]
        return "SELECT \(configuration), " + parts.joined(separator: " || ',' || ")
    }

    /// A row's xmin is new with each of its versions.
    private static func versions(of catalog: String, identity: String) -> String {
        "(SELECT pg_catalog.count(*) || ' ' || coalesce(pg_catalog.sum("
            + "pg_catalog.hashint8extended(\(identity), t.xmin::text::bigint)), 0) FROM pg_catalog.\(catalog) t)"
    }

    /// Columns: r for a role, d for a database, a for all; its name; a number of what it is.
    static func facts(seesPasswords: Bool) -> String {
        let roles = seesPasswords ? "pg_authid" : "pg_roles"
        return """
            SELECT 'r', r.rolname::text, pg_catalog.hashtextextended(r::text || ' ' || coalesce((
                SELECT pg_catalog.string_agg(s::text, ' ' ORDER BY s.setdatabase)
                FROM pg_catalog.pg_db_role_setting s WHERE s.setrole = r.oid), ''), 0)
            FROM pg_catalog.\(roles) r
            UNION ALL
            SELECT 'd', d.datname::text, pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', d.oid, d.datconnlimit,
                d.datallowconn, d.datacl, d.datdba, (SELECT pg_catalog.string_agg(s::text, ' ')
                FROM pg_catalog.pg_db_role_setting s WHERE s.setrole = 0 AND s.setdatabase = d.oid)), 0)
            FROM pg_catalog.pg_database d
            UNION ALL
            SELECT 'a', pg_catalog.string_agg(s::text, ' '), 0
            FROM pg_catalog.pg_db_role_setting s WHERE s.setrole = 0 AND s.setdatabase = 0
            """
    }
}
