/// The statements that load a database's catalog facts; from PostgreSQL 12 on. Every name is qualified, and they run
/// with `search_path` set to pg_catalog alone, so that no object of a user can stand in for one of PostgreSQL's.
enum CatalogQueries {
    /// Columns: a setting as this session began with it, where that comes from, the built-in default.
    static func own(_ setting: String) -> String {
        "SELECT setting, source, boot_val FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) '\(setting)'"
    }

    static let pinSearchPath = "SET search_path = pg_catalog"

    /// Two values, of functions and of all the rest, each of which changes with every committed change of what the
    /// other queries read, a row's xmin being new with each of its versions. It holds on replicas too, and neither
    /// VACUUM nor ANALYZE changes it. Every catalog is read in whole, but no row leaves the server: a few milliseconds
    /// of one core for some thousand relations. Functions are by far the most rows, and seldom change.
    static let fingerprint = "SELECT " + state(of: functionCatalogs) + ", " + state(of: otherCatalogs)

    private typealias Catalog = (name: String, condition: String)

    private static let functionCatalogs: [Catalog] = [
        ("pg_namespace", "true"), ("pg_proc", "true"), ("pg_aggregate", ""),
    ]

    private static let otherCatalogs: [Catalog] = [
        ("pg_class", "relpersistence <> 't' AND relkind IN ('r', 'p', 'v', 'f', 'S')"),
        ("pg_rewrite", "true"), ("pg_policy", "true"), ("pg_inherits", ""),
        ("pg_operator", "true"), ("pg_cast", "true"), ("pg_constraint", "contypid <> 0 OR contype = 'f'"),
        ("pg_attrdef", "true"), ("pg_trigger", "NOT tgisinternal"),
        ("pg_db_role_setting", ""), ("pg_type", "typtype <> 'b'"), ("pg_index", ""),
    ]

    private static func state(of catalogs: [Catalog]) -> String {
        let parts = catalogs.map { name, condition in
            // A catalog without an oid is told by place and version of its rows.
            let identity = condition.isEmpty ? "hashtext(ctid::text)::int8" : "oid::int8"
            let filter = condition.isEmpty ? "true" : condition
            return "(SELECT count(*) || ' ' || coalesce(sum(hashint8extended(\(identity), xmin::text::int8)), 0)"
                + " FROM pg_catalog.\(name) WHERE \(filter))"
        }
        return parts.joined(separator: " || ',' || ")
    }

    /// The most volatile of a function's own volatility and, for an aggregate, its support functions': 'v' sorts last
    /// of i, s, v.
    private static let volatility = """
        CASE WHEN p.prokind = 'a' THEN (
            SELECT max(s.provolatile::text) FROM pg_catalog.pg_aggregate a JOIN pg_catalog.pg_proc s ON s.oid IN (
                a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
            WHERE a.aggfnoid = p.oid)
        ELSE p.provolatile::text END
        """

    /// Columns: schema, name, kind, pronargs, pronargdefaults, variadic, volatility, accepts a row.
    static let functions = """
        SELECT n.nspname, p.proname, p.prokind, p.pronargs, p.pronargdefaults, p.provariadic <> 0, \(volatility),
            coalesce((SELECT t.typtype = 'c' OR t.typname IN ('record', 'any', 'anyelement', 'anynonarray',
                    'anycompatible', 'anycompatiblenonarray')
                FROM pg_catalog.pg_type t WHERE t.oid = p.proargtypes[0]), false)
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind IN ('f', 'a', 'w') AND n.nspname !~ '^pg_(temp|toast)'
        ORDER BY 1, 2, p.oid
        """

    /// How a node tree (pg_node_tree as text) names the function behind a call, an operator, an aggregate or a window
    /// function.
    private static let functionLabel = ":(?:funcid|opfuncid|aggfnoid|winfnoid)"

    private static let isUserSchema = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"

    /// Relations that are of note, or may become so by what they read. Columns: oid, schema, name, kind, unlogged.
    static let relations = """
        SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence = 'u'
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE \(isUserSchema) AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'v', 'f', 'S')
            AND (c.relpersistence = 'u' OR c.relkind IN ('v', 'f', 'S', 'p') OR c.relrowsecurity OR c.relhassubclass)
        """

    /// What views and policies of users' relations are made of. Columns: relation, catalog of the definition, the
    /// definition's oid, its node tree.
    private static let definitions = """
        SELECT r.ev_class AS relation, 'pg_catalog.pg_rewrite'::pg_catalog.regclass AS catalog, r.oid,
            r.ev_action::text AS tree
        FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE r.ev_type = '1' AND c.relkind = 'v' AND \(isUserSchema)
        UNION ALL
        SELECT o.polrelid, 'pg_catalog.pg_policy'::pg_catalog.regclass, o.oid, o.polqual::text
        FROM pg_catalog.pg_policy o JOIN pg_catalog.pg_class c ON c.oid = o.polrelid
        WHERE c.relrowsecurity AND o.polcmd IN ('r', '*')
        """

    /// Columns: reader, what it reads, and schema and name of that where it belongs to the system.
    static let reads = """
        WITH definitions AS MATERIALIZED (\(definitions))
        SELECT DISTINCT f.relation, d.refobjid, CASE WHEN n.nspname IN ('pg_catalog', 'information_schema')
                THEN n.nspname END, c.relname
        FROM definitions f
            JOIN pg_catalog.pg_depend d ON d.classid = f.catalog AND d.objid = f.oid
            JOIN pg_catalog.pg_class c ON c.oid = d.refobjid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> f.relation
        UNION ALL
        SELECT inhparent, inhrelid, NULL, NULL FROM pg_catalog.pg_inherits
        """

    /// Volatile functions that definitions call. pg_depend does not record the built-in ones, so the node trees are
    /// looked through, which also finds the functions behind operators, aggregates and casts. Columns: relation, schema
    /// and name of the function.
    static let calls = """
        WITH definitions AS MATERIALIZED (\(definitions)),
        used AS MATERIALIZED (
            SELECT DISTINCT f.relation, m.found[1]::oid AS function
            FROM definitions f, LATERAL pg_catalog.regexp_matches(
                f.tree, '\(functionLabel) ([0-9]+)', 'g') AS m(found))
        SELECT u.relation, n.nspname, p.proname
        FROM used u JOIN pg_catalog.pg_proc p ON p.oid = u.function
            JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE \(volatility) = 'v'
        """

    /// Columns: schema, name.
    static let volatileOperators = """
        SELECT DISTINCT n.nspname, o.oprname
        FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
            JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
        WHERE p.provolatile = 'v' ORDER BY 1, 2
        """

    /// Types of pg_catalog are left out: a cast from a user's type to text would make every cast to text suspect.
    /// Columns: schema, name.
    static let volatileTypes = """
        WITH used AS (
            SELECT c.casttarget AS type, c.castfunc AS function FROM pg_catalog.pg_cast c WHERE c.castfunc <> 0
            UNION
            SELECT k.contypid, m.found[1]::oid FROM pg_catalog.pg_constraint k, LATERAL pg_catalog.regexp_matches(
                k.conbin::text, '\(functionLabel) ([0-9]+)', 'g') AS m(found)
            WHERE k.contypid <> 0)
        SELECT DISTINCT n.nspname, t.typname
        FROM used u JOIN pg_catalog.pg_proc p ON p.oid = u.function JOIN pg_catalog.pg_type t ON t.oid = u.type
            JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE p.provolatile = 'v' AND n.nspname <> 'pg_catalog' ORDER BY 1, 2
        """

    /// Unique indexes over plain columns of tables without children or partitions, in whole: a row for each column.
    /// Columns: index, schema, table, column.
    static let uniqueKeys = """
        SELECT i.indexrelid, n.nspname, c.relname, a.attname
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum <= i.indnkeyatts
        WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND \(isUserSchema)
            AND c.relkind = 'r' AND c.relpersistence <> 't' AND NOT c.relhassubclass
        ORDER BY 1
        """

    /// Relations a write to which may move a sequence: by a default that calls nextval or a function of a user's, by an
    /// identity or a domain with a default, by a trigger of its own, of a partition or of a table that refers to it, by
    /// a rule; and views, for what stands behind them. Columns: schema, name, whether by any write.
    static let sequenceWriters = """
        WITH defaults AS MATERIALIZED (
            SELECT DISTINCT d.adrelid AS relation, m.found[1]::oid AS function
            FROM pg_catalog.pg_attrdef d, LATERAL pg_catalog.regexp_matches(
                d.adbin::text, '\(functionLabel) ([0-9]+)', 'g') AS m(found)),
        called AS MATERIALIZED (
            SELECT u.relation FROM defaults u JOIN pg_catalog.pg_proc p ON p.oid = u.function
                JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
            WHERE p.provolatile = 'v' AND (n.nspname <> 'pg_catalog' OR p.proname IN ('nextval', 'setval'))),
        triggered AS MATERIALIZED (
            SELECT r.relation FROM pg_catalog.pg_trigger t, LATERAL (
                VALUES (t.tgrelid), (pg_catalog.pg_partition_root(t.tgrelid)::oid)) AS r(relation)
            WHERE NOT t.tgisinternal),
        referred AS MATERIALIZED (
            SELECT k.confrelid AS relation FROM pg_catalog.pg_constraint k
            WHERE k.contype = 'f' AND k.conrelid IN (SELECT relation FROM triggered)),
        columns AS MATERIALIZED (
            SELECT a.attrelid AS relation FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_type t
                ON t.oid = a.atttypid AND t.typtype = 'd' AND t.typdefaultbin IS NOT NULL
            WHERE a.attnum > 0 AND NOT a.attisdropped AND (a.attidentity <> '' OR t.oid IS NOT NULL)),
        judged AS (
            SELECT n.nspname, c.relname,
                c.relkind = 'v' OR c.relhasrules OR c.oid IN (SELECT relation FROM triggered WHERE relation IS NOT NULL)
                    OR c.oid IN (SELECT relation FROM referred) AS "any",
                c.oid IN (SELECT relation FROM called) OR c.oid IN (SELECT relation FROM columns) AS inserts
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE \(isUserSchema) AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'v', 'f'))
        SELECT nspname, relname, "any" FROM judged WHERE "any" OR inserts ORDER BY 1, 2
        """

    /// Columns: whether it is for this database only, the role (NULL: all), the value of the setting.
    static func settings(of setting: String) -> String {
        """
        SELECT s.setdatabase <> 0, r.rolname, pg_catalog.substr(c.item, \(setting.utf8.count + 2))
        FROM pg_catalog.pg_db_role_setting s
            LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole,
            LATERAL pg_catalog.unnest(s.setconfig) AS c(item)
        WHERE pg_catalog.starts_with(c.item, '\(setting)=') AND (s.setrole = 0 OR r.rolname IS NOT NULL)
            AND (s.setdatabase = 0 OR s.setdatabase = (
                SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
        """
    }
}
