/// Scripts whose replies must not differ, whoever else uses the pool. They leave the database as it was, and read no
/// table that others write.
enum ParityCases {
    private typealias F = Frontend

    static let all: [ParityScript] =
        statements.map { .simple($0) } + statements.map { .extended($0) } + sessions + prepared + portals + pipelines
        + copies + calls + preparedBySQL + transactions + state + readOnly

    /// One statement each, in both protocols.
    private static let statements: [String] = [
        "SELECT 1", "SELECT", "", ";", ";;", "-- nothing", "/* nothing */",
        "SELECT NULL, 'x', 1.5, true, '{1,2}'::int[]",
        "SELECT * FROM item WHERE id < 5 ORDER BY id", "SELECT * FROM item WHERE false", "TABLE counted",
        "VALUES (1, 'a'), (2, NULL)",
        "SELECT 1/0", "SELECT * FROM no_such_table", "SELECT no_such_column FROM item", "SELEC 1",
        "SELECT 'unterminated",
        "SELECT no_such_function(1)", "SELECT 1; SELECT 2", "SELECT 1; SELECT 1/0; SELECT 3",
        "INSERT INTO item VALUES (1, 'twice')",
        "UPDATE item SET note = note WHERE id = 3", "DELETE FROM item WHERE false",
        "INSERT INTO item SELECT 1 WHERE false RETURNING *",
        "UPDATE item SET note = note WHERE id < 4 RETURNING id", "COMMIT", "ROLLBACK", "SAVEPOINT s", "RELEASE s",
        "ROLLBACK TO s",
        "SET TRANSACTION READ ONLY", "SET LOCAL work_mem = '1MB'", "SHOW work_mem", "SHOW no_such_setting",
        "SET work_mem = '3MB'",
        "SET no_such_setting = 1", "RESET work_mem", "DEALLOCATE nothing", "DEALLOCATE ALL", "DISCARD ALL", "CLOSE ALL",
        "FETCH 1 FROM c",
        "EXECUTE nothing", "LISTEN parity", "UNLISTEN *", "DO $$BEGIN RAISE NOTICE 'seen'; END$$",
        "DO $$BEGIN RAISE WARNING 'w'; END$$",
        "DO $$BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = 'XX123', HINT = 'none', DETAIL = 'some'; END$$",
        "SELECT 'NULL byte: ' || repeat('x', 5)", "EXPLAIN (COSTS off) SELECT * FROM item WHERE id = 1",
        "SELECT '\\x00ff00'::bytea",
        "SELECT pg_sleep(0)", "SELECT 1 AS \"column with blanks\"", "SELECT $1", "SELECT repeat('y', 70000)",
        "LOCK TABLE item",
        "DECLARE c CURSOR FOR SELECT 1", "PREPARE TRANSACTION 'p'", "COMMIT PREPARED 'none'", "VACUUM no_such_table",
        "SELECT 'é', E'\\u00e9', U&'\\00e9'", "BEGIN; SELECT 1; COMMIT", "BEGIN; SELECT 1/0; COMMIT",
        "SELECT 1; COMMIT", "SELECT 1; ROLLBACK; SELECT 2",
    ]

    private static let sessions: [ParityScript] = [
        .simple("BEGIN", "SELECT 1", "COMMIT"), .simple("BEGIN", "COMMIT"), .simple("BEGIN", "ROLLBACK"),
        .simple("BEGIN", "BEGIN", "COMMIT"), .simple("START TRANSACTION", "END"), .simple("BEGIN", "ABORT"),
        .simple("BEGIN", "SELECT 1/0", "SELECT 1", "COMMIT"), .simple("BEGIN", "SELECT 1/0", "ROLLBACK", "SELECT 1"),
        .simple("BEGIN", "SAVEPOINT a", "SELECT 1/0", "ROLLBACK TO a", "SELECT 2", "COMMIT"),
        .simple("BEGIN READ ONLY", "INSERT INTO written VALUES (1)", "ROLLBACK"),
        .simple("BEGIN", "SET TRANSACTION READ ONLY", "INSERT INTO written VALUES (1)", "ROLLBACK"),
        .simple("BEGIN", "SELECT 1", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "ROLLBACK"),
        .simple("BEGIN ISOLATION LEVEL REPEATABLE READ", "SHOW transaction_isolation", "COMMIT"),
        .simple("BEGIN ISOLATION LEVEL SERIALIZABLE", "SHOW transaction_isolation", "COMMIT"),
        .simple("BEGIN", "SELECT 1", "COMMIT AND CHAIN", "SELECT 2", "ROLLBACK"),
        .simple("BEGIN", "COMMIT AND CHAIN", "SHOW transaction_isolation", "ROLLBACK"),
        .simple("BEGIN", "ROLLBACK AND CHAIN", "ROLLBACK"), .simple("COMMIT AND CHAIN"),
        .simple("BEGIN WORK", "COMMIT WORK"), .simple("BEGIN TRANSACTION", "COMMIT TRANSACTION"),
        .simple("begin", "select 1", "end"), .simple("BEGIN;", "COMMIT;"), .simple("/* c */ BEGIN", "/* c */ COMMIT"),
        .simple(
            "SET work_mem = '3MB'",
            "SHOW work_mem",
            "SELECT current_setting('work_mem')",
            "RESET work_mem",
            "SHOW work_mem"
        ),
        .simple(
            "SET search_path = shadow, public",
            "SHOW search_path",
            "SELECT doubled(4)",
            "RESET search_path",
            "SELECT doubled(4)"
        ),
        .simple(
            "SET datestyle = 'german'",
            "SELECT date '2024-02-03'",
            "SET datestyle = 'iso, mdy'",
            "SELECT date '2024-02-03'"
        ),
        .simple("SET TIME ZONE 'Asia/Tokyo'", "SELECT timestamptz '2024-02-03 00:00Z'", "SET TIME ZONE DEFAULT"),
        .simple("SET application_name = 'parity'", "SHOW application_name", "RESET ALL", "SHOW application_name"),
        .simple("SET SESSION work_mem = 4096", "SHOW work_mem", "DISCARD ALL", "SHOW work_mem"),
        .simple("BEGIN", "SET work_mem = '5MB'", "ROLLBACK", "SHOW work_mem"),
        .simple("BEGIN", "SET LOCAL work_mem = '5MB'", "SHOW work_mem", "COMMIT", "SHOW work_mem"),
        .simple("SET app.tenant = 'one'", "SHOW app.tenant", "SELECT current_setting('app.tenant')"),
        .simple("SELECT set_config('app.tenant', 'two', false)", "SELECT current_setting('app.tenant')"),
        .simple("SET standard_conforming_strings = off", "SELECT 'a\\'' AS b", "RESET standard_conforming_strings"),
        .simple("SET client_encoding = 'LATIN1'", "SELECT 'abc'", "RESET client_encoding"),
        .simple(
            "SET extra_float_digits = 0",
            "SELECT 0.1::float8 * 3",
            "RESET extra_float_digits",
            "SELECT 0.1::float8 * 3"
        ),
        .simple("SET statement_timeout = '200ms'", "SELECT pg_sleep(5)", "RESET statement_timeout", "SELECT 1"),
        .simple(
            "CREATE TEMP TABLE t (a int)",
            "INSERT INTO t VALUES (1)",
            "SELECT * FROM t",
            "DROP TABLE t",
            "SELECT * FROM t"
        ),
        .simple("PREPARE p AS SELECT $1::int + 1", "EXECUTE p(1)", "EXECUTE p(2)", "DEALLOCATE p", "EXECUTE p(1)"),
        .simple(
            "PREPARE p AS SELECT 1",
            "PREPARE p AS SELECT 2",
            "DEALLOCATE ALL",
            "PREPARE p AS SELECT 3",
            "EXECUTE p"
        ),
        .simple(
            "BEGIN",
            "DECLARE c CURSOR FOR SELECT id FROM item ORDER BY id",
            "FETCH 2 FROM c",
            "MOVE 3 IN c",
            "FETCH c",
            "CLOSE c",
            "COMMIT"
        ),
        .simple("DECLARE c CURSOR WITH HOLD FOR SELECT 7", "FETCH c", "CLOSE c", "FETCH c"),
        .simple("SELECT pg_advisory_lock(77)", "SELECT pg_advisory_unlock(77)", "SELECT pg_advisory_unlock(77)"),
        .simple("BEGIN", "LISTEN parity", "NOTIFY parity, 'x'", "ROLLBACK", "UNLISTEN *"),
        .simple(
            "BEGIN",
            "CREATE TABLE made_in_parity (a int)",
            "INSERT INTO made_in_parity VALUES (1)",
            "ROLLBACK",
            "SELECT * FROM made_in_parity"
        ),
        .simple("SET ROLE other", "SELECT current_user", "RESET ROLE", "SELECT current_user"),
        .simple(
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "INSERT INTO written VALUES (1)",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"
        ),
        .simple(
            "SET default_transaction_isolation = 'serializable'",
            "BEGIN",
            "SHOW transaction_isolation",
            "COMMIT",
            "RESET ALL"
        ),
        .extended("BEGIN", "SELECT 1", "COMMIT"), .extended("BEGIN", "SELECT 1/0", "SELECT 1", "ROLLBACK"),
        .extended("BEGIN", "COMMIT"),
        .extended("SET work_mem = '3MB'", "SHOW work_mem", "RESET work_mem", "SHOW work_mem"),
        .extended("SET datestyle = 'german'", "SELECT date '2024-02-03'", "RESET datestyle"),
        .extended("DISCARD ALL", "SELECT 1"), .extended("PREPARE p AS SELECT 9", "EXECUTE p", "DEALLOCATE p"),
        .extended("CREATE TEMP TABLE t (a int)", "INSERT INTO t VALUES (1)", "SELECT * FROM t", "DROP TABLE t"),
        .extended("BEGIN READ ONLY", "INSERT INTO written VALUES (1)", "COMMIT"), .extended("COMMIT", "ROLLBACK"),
    ]

    private static let copies: [ParityScript] = [
        .simple("COPY (SELECT generate_series(1, 3)) TO STDOUT"),
        .extended("COPY (SELECT generate_series(1, 3)) TO STDOUT"),
        .simple("COPY no_such_table TO STDOUT"), .simple("COPY item TO STDOUT WITH (FORMAT nonsense)"),
        .simple("SELECT 1; COPY (SELECT 2) TO STDOUT; SELECT 3"),
        .messages(
            "COPY in and back",
            [F.query("BEGIN")],
            [F.query("COPY written FROM STDIN"), F.copyData(Array("1\n2\n".utf8)), F.copyDone],
            [F.query("SELECT count(*) FROM written")],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "COPY fails by the client",
            [F.query("COPY written FROM STDIN"), F.copyData(Array("1\n".utf8)), F.copyFail("enough")]
        ),
        .messages(
            "COPY fails by the server",
            [F.query("COPY written FROM STDIN"), F.copyData(Array("x\n".utf8)), F.copyDone]
        ),
        .messages(
            "COPY extended",
            [F.query("BEGIN")],
            [
                F.parse("", "COPY written FROM STDIN"), F.bind("", ""), F.execute(), F.copyData(Array("3\n".utf8)),
                F.copyDone, F.sync,
            ],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "COPY extended fails",
            [
                F.parse("", "COPY written FROM STDIN"), F.bind("", ""), F.execute(), F.copyData(Array("x\n".utf8)),
                F.copyDone, F.sync,
            ],
            [F.query("SELECT 1")]
        ),
        .messages("stray copy messages", [F.copyData(Array("x".utf8)), F.copyDone, F.query("SELECT 1")]),
    ]

    /// int4pl is function 177.
    private static let calls: [ParityScript] = [
        .messages("function call", [F.functionCall(177, ["2", "3"])], [F.functionCall(177, ["2", nil])]),
        .messages("unknown function", [F.functionCall(1, [])], [F.query("SELECT 1")]),
        .messages(
            "function call in a transaction",
            [F.query("BEGIN")],
            [F.functionCall(177, ["2", "3"])],
            [F.query("COMMIT")]
        ),
    ]
}
