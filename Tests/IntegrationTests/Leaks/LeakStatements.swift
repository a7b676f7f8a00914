/// What one session does that another must not see. `$N` is the client's number, so that no client waits for another's
/// lock.
enum LeakStatements {
    static let all = settings + roles + objects + functions + sequences + several + others

    private static let settings = [
        "SET work_mem = '9MB'", "SET LOCAL work_mem = '8MB'", "SET datestyle = 'german'", "SET TIME ZONE 'Asia/Tokyo'",
        "SET search_path = shadow, public", "SET search_path = pg_temp, public", "SET app.tenant = 'tenant $N'",
        "SELECT set_config('app.tenant', 'called $N', false)", "SELECT set_config('app.other', 'local $N', true)",
        "SET standard_conforming_strings = off", "SET client_encoding = 'LATIN1'", "SET statement_timeout = '30s'",
        "SET application_name = 'other $N'", "RESET work_mem", "RESET ALL", "SET default_transaction_read_only = on",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SET no_such_setting = 1",
        "SET log_min_error_statement = 'fatal'", "SET session_replication_role = 'replica'",
        "SELECT set_config(name, '6MB', false) FROM unnest('{work_mem,temp_buffers}'::text[]) AS name",
        "SET extra_float_digits TO DEFAULT", "SET bytea_output FROM CURRENT", "SET XML OPTION DOCUMENT",
        "UPDATE pg_settings SET setting = '5MB' WHERE name = 'work_mem'",
    ]

    private static let roles = [
        "SET ROLE other", "RESET ROLE", "SET SESSION AUTHORIZATION other", "RESET SESSION AUTHORIZATION",
        "SELECT set_config('role', 'other', false)", "SET LOCAL ROLE other", "SET ROLE nobody_at_all",
    ]

    private static let objects = [
        "CREATE TEMP TABLE leaky (a int)", "CREATE TEMP VIEW leaky_view AS SELECT 1 AS a",
        "CREATE TEMP SEQUENCE leaky_sequence",
        "CREATE TEMP TABLE gone (a int) ON COMMIT DROP", "SELECT 1 AS a INTO TEMP leaky_into", "DROP TABLE leaky",
        "CREATE TEMP TABLE leaky_as AS SELECT 1 AS a", "CREATE TABLE pg_temp.leaky_named (a int)",
        "CREATE FUNCTION pg_temp.leaky() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE pg_temp.leaky_type AS ENUM ('a')",
        "CREATE DOMAIN pg_temp.leaky_domain AS int", "SELECT pg_advisory_lock($N)",
        "SELECT pg_try_advisory_lock_shared(1000)",
        "SELECT pg_advisory_unlock($N)", "SELECT pg_advisory_xact_lock_shared(7)", "LISTEN leaky", "UNLISTEN *",
        "NOTIFY leaky, 'heard'",
        "PREPARE leaky_sql AS SELECT 1", "EXECUTE leaky_sql", "PREPARE leaky_call AS SELECT leaks.by_function('x')",
        "EXECUTE leaky_call",
        "DISCARD TEMP; SELECT leaks.by_function('discarded')", "DEALLOCATE ALL; SELECT pg_advisory_lock($N)",
        "DEALLOCATE leaky_sql", "DEALLOCATE ALL",
        "DECLARE leaky CURSOR WITH HOLD FOR SELECT generate_series(1, 5)", "DECLARE leaky CURSOR FOR SELECT 1",
        "FETCH 1 FROM leaky",
        "CLOSE leaky", "CLOSE ALL",
    ]

    /// Code whose text the proxy does not see.
    private static let functions = [
        "DO $$BEGIN PERFORM set_config('app.tenant', 'block $N', false); END$$",
        "DO $$BEGIN SET work_mem = '3MB'; END$$",
        "DO $$BEGIN CREATE TEMP TABLE from_block (a int); END$$", "DO $$BEGIN PERFORM pg_advisory_lock($N); END$$",
        "DO $$BEGIN EXECUTE 'SET ROLE other'; END$$", "CALL leaks.by_procedure('called $N')",
        "DO $$BEGIN PERFORM leaks.by_function('inner $N'); RAISE EXCEPTION 'none'; END$$",
        "SELECT leaks.by_function('function $N')", "SELECT leaks.by_sql('sql $N')", "SELECT leaks.locks($N)",
        "SELECT leaks.makes_table()", "SELECT leaks.prepares()", "SELECT leaks.listens()", "SELECT leaks.holds()",
        "SELECT leaks.seeds()",
        "SELECT leaks.changes_role()", "SELECT * FROM leaks.by_view", "SELECT 1 OPERATOR(leaks.|+|) 2",
        "SELECT a FROM (SELECT 1 AS a) s WHERE leaks.by_function('where') IS NOT NULL",
        "INSERT INTO written SELECT 1 WHERE leaks.by_function('insert') IS NULL",
        "SELECT t.by_row FROM leaks.rows AS t",
        "COPY (SELECT leaks.by_function('copied')) TO STDOUT", "EXPLAIN ANALYZE SELECT leaks.by_function('explained')",
        "WITH called AS (SELECT leaks.by_function('with') AS a) SELECT a FROM called",
        "DO $$BEGIN PERFORM set_config('work_mem', '2MB', false); COMMIT; RAISE EXCEPTION 'late'; END$$",
    ]

    private static let sequences = [
        "SELECT nextval('leaks.counter')", "SELECT currval('leaks.counter')", "SELECT lastval()", "DISCARD SEQUENCES",
        "INSERT INTO leaks.numbered DEFAULT VALUES", "INSERT INTO leaks.numbered DEFAULT VALUES RETURNING id",
    ]

    /// Several statements in one text, which may be committed in part.
    private static let several = [
        "SET work_mem = '9MB'; SELECT 1/0", "SET work_mem = '9MB'; COMMIT; SELECT 1/0",
        "BEGIN; SET app.tenant = 'inner'; COMMIT; SELECT 1/0",
        "SET app.tenant = 'a'; SET app.other = 'b'", "BEGIN; SET app.tenant = 'open'", "SET app.tenant = 'x'; ROLLBACK",
        "PREPARE leaky_two AS SELECT 2; SELECT 1/0", "CREATE TEMP TABLE leaky_two (a int); COMMIT; SELECT 1/0",
        "SELECT pg_advisory_lock($N); SELECT 1/0", "LISTEN leaky_two; COMMIT; SELECT 1/0",
        "SET ROLE other; SELECT 1; RESET ROLE",
        "SELECT leaks.by_function('several'); COMMIT; SELECT 1/0",
        "SELECT 1; SELECT set_config('app.tenant', 'second', false)",
        "SELECT set_config('app.tenant', 'first', false); SELECT 1/0",
        "SET app.tenant = 'x'; COMMIT; SELECT JSON_SCALAR(1); SELECT 1/0",
    ]

    private static let others = [
        "SELECT setseed(0.25)", "SET seed = 0.25", "SELECT random()", "SELECT setseed(0.25), random()", "SELECT 1",
        "SELECT 1/0", "SELEC 1",
        "SELECT * FROM item WHERE id = 3", "UPDATE item SET note = note WHERE id = 3", "DISCARD ALL", "DISCARD TEMP",
        "DISCARD PLANS",
        "LOAD '$libdir/plpgsql'", "SELECT lo_create(0)", "SET CONSTRAINTS ALL DEFERRED", "SELECT pg_sleep(0.01)",
        "/* howdah: primary */ SELECT 1", "SET howdah.route = 'primary'", "SET howdah.route = 'auto'",
        "SHOW howdah.route",
    ]

    /// The functions that are called above. Their owner is a superuser.
    static let setUp = """
        DROP SCHEMA IF EXISTS leaks CASCADE;
        CREATE SCHEMA leaks;
        GRANT USAGE ON SCHEMA leaks TO PUBLIC;
        CREATE SEQUENCE leaks.counter;
        CREATE TABLE leaks.numbered (id serial);
        CREATE TABLE leaks.rows AS SELECT 1 AS a;
        CREATE FUNCTION leaks.by_function(text) RETURNS text LANGUAGE plpgsql AS
            'BEGIN PERFORM set_config(''app.tenant'', $1, false); RETURN $1; END';
        CREATE FUNCTION leaks.server_process() RETURNS int LANGUAGE sql STABLE AS 'SELECT pg_backend_pid()';
        CREATE FUNCTION leaks.by_sql(text) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT set_config(''app.tenant'', $1, false)';
        CREATE FUNCTION leaks.by_row(leaks.rows) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT set_config(''app.tenant'', ''row'', false)';
        CREATE FUNCTION leaks.by_operator(int, int) RETURNS text LANGUAGE sql VOLATILE AS
            'SELECT set_config(''app.tenant'', ''operator'', false)';
        CREATE OPERATOR leaks.|+| (LEFTARG = int, RIGHTARG = int, FUNCTION = leaks.by_operator);
        CREATE VIEW leaks.by_view AS SELECT leaks.by_function('view');
        CREATE PROCEDURE leaks.by_procedure(text) LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''app.tenant'', $1, false); END';
        CREATE FUNCTION leaks.locks(int) RETURNS void LANGUAGE sql AS 'SELECT pg_advisory_lock($1)';
        CREATE FUNCTION leaks.makes_table() RETURNS void LANGUAGE plpgsql AS
            'BEGIN CREATE TEMP TABLE IF NOT EXISTS from_function (a int); END';
        CREATE FUNCTION leaks.prepares() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE ''PREPARE from_function AS SELECT 1''; END';
        CREATE FUNCTION leaks.listens() RETURNS void LANGUAGE plpgsql AS 'BEGIN LISTEN leaky; END';
        CREATE FUNCTION leaks.holds() RETURNS void LANGUAGE plpgsql AS
            'BEGIN EXECUTE ''DECLARE from_function CURSOR WITH HOLD FOR SELECT 1''; END';
        CREATE FUNCTION leaks.seeds() RETURNS void LANGUAGE sql AS 'SELECT setseed(0.25)';
        CREATE FUNCTION leaks.changes_role() RETURNS void LANGUAGE plpgsql AS 'BEGIN SET ROLE other; END';
        GRANT ALL ON ALL TABLES IN SCHEMA leaks TO PUBLIC;
        GRANT ALL ON ALL SEQUENCES IN SCHEMA leaks TO PUBLIC;
        DROP ROLE IF EXISTS leaky;
        DROP ROLE IF EXISTS leaky_super;
        CREATE ROLE leaky LOGIN;
        GRANT other TO leaky;
        CREATE ROLE leaky_super LOGIN SUPERUSER;
        """
}
