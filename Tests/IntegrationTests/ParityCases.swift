/// Scripts whose replies must not differ, whoever else uses the pool. They leave the database as it was, and read no table that others write.
enum ParityCases {
    private typealias F = Frontend

    static let all: [ParityScript] =
        statements.map { .simple($0) } + statements.map { .extended($0) } + sessions + prepared + portals + pipelines
        + copies + calls + preparedBySQL + transactions + state

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

    private static func run(_ name: String, _ values: String?...) -> [UInt8] {
        F.bind("", name, texts: values) + F.execute()
    }

    private static let prepared: [ParityScript] = [
        .messages(
            "prepared",
            [F.parse("a", "SELECT $1::int + 1"), F.sync],
            [run("a", "1"), F.sync],
            [run("a", "2"), F.sync],
            [F.close(.statement, "a"), F.sync],
            [run("a", "3"), F.sync]
        ),
        .messages(
            "described",
            [F.parse("a", "SELECT $1::int AS x, $2::text"), F.describe(.statement, "a"), F.sync],
            [F.describe(.statement, "a"), F.sync]
        ),
        .messages(
            "no rows",
            [F.parse("a", "UPDATE item SET note = note WHERE id = $1"), F.describe(.statement, "a"), F.sync],
            [run("a", "1"), F.sync]
        ),
        .messages(
            "twice",
            [F.parse("a", "SELECT 1"), F.sync],
            [F.parse("a", "SELECT 2"), F.sync],
            [run("a"), F.sync]
        ),
        .messages(
            "twice in a batch",
            [F.parse("a", "SELECT 1"), F.parse("a", "SELECT 2"), run("a"), F.sync],
            [run("a"), F.sync]
        ),
        .messages(
            "close and again",
            [F.parse("a", "SELECT 1"), F.close(.statement, "a"), F.parse("a", "SELECT 2"), run("a"), F.sync],
            [run("a"), F.sync]
        ),
        .messages(
            "in a failed transaction",
            [F.query("BEGIN")],
            [F.query("SELECT 1/0")],
            [F.parse("a", "SELECT 1"), F.sync],
            [F.query("ROLLBACK")],
            [run("a"), F.sync]
        ),
        .messages(
            "lasts over rollback",
            [F.query("BEGIN")],
            [F.parse("a", "SELECT 5"), F.sync],
            [F.query("ROLLBACK")],
            [run("a"), F.sync]
        ),
        .messages(
            "syntax error",
            [F.parse("a", "SELEC 1"), run("a"), F.sync],
            [run("a"), F.sync],
            [F.parse("a", "SELECT 1"), run("a"), F.sync]
        ),
        .messages(
            "unknown statement",
            [run("nobody"), F.sync],
            [F.describe(.statement, "nobody"), F.sync],
            [F.close(.statement, "nobody"), F.sync]
        ),
        .messages(
            "unknown portal",
            [F.execute("nobody"), F.sync],
            [F.describe(.portal, "nobody"), F.sync],
            [F.close(.portal, "nobody"), F.sync]
        ),
        .messages("unnamed none", [run(""), F.sync], [F.describe(.statement, ""), F.sync]),
        .messages("unnamed kept", [F.parse("", "SELECT 6"), F.sync], [run(""), F.sync], [run(""), F.sync]),
        .messages(
            "unnamed ended by a query",
            [F.parse("", "SELECT 6"), F.sync],
            [F.query("SELECT 1")],
            [run(""), F.sync]
        ),
        .messages(
            "unnamed ended by a failing parse",
            [F.parse("", "SELECT 6"), F.sync],
            [F.parse("", "SELEC"), F.sync],
            [run(""), F.sync]
        ),
        .messages(
            "unnamed ended by BEGIN",
            [F.parse("", "SELECT 6"), F.sync],
            [F.query("BEGIN")],
            [run(""), F.sync],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "unnamed closed",
            [F.parse("", "SELECT 6"), F.sync],
            [F.close(.statement, ""), F.sync],
            [run(""), F.sync]
        ),
        .messages(
            "unnamed skipped",
            [F.parse("", "SELECT 6"), F.sync],
            [run("nobody"), F.parse("", "SELECT 7"), F.sync],
            [run(""), F.sync]
        ),
        .messages("named skipped", [run("nobody"), F.parse("a", "SELECT 7"), F.sync], [run("a"), F.sync]),
        .messages(
            "close skipped",
            [F.parse("a", "SELECT 7"), F.sync],
            [run("nobody"), F.close(.statement, "a"), F.sync],
            [run("a"), F.sync]
        ),
        .messages(
            "deallocated by SQL",
            [F.parse("a", "SELECT 7"), F.sync],
            [F.query("DEALLOCATE a")],
            [run("a"), F.sync]
        ),
        .messages(
            "deallocated all",
            [F.parse("a", "SELECT 7"), F.parse("b", "SELECT 8"), F.sync],
            [F.query("DEALLOCATE ALL")],
            [run("a"), F.sync],
            [run("b"), F.sync]
        ),
        .messages("discarded", [F.parse("a", "SELECT 7"), F.sync], [F.query("DISCARD ALL")], [run("a"), F.sync]),
        .messages(
            "wrong number of parameters",
            [F.parse("a", "SELECT $1::int"), F.sync],
            [run("a"), F.sync],
            [run("a", "1", "2"), F.sync]
        ),
        .messages(
            "bad parameter",
            [F.parse("a", "SELECT $1::int"), F.sync],
            [run("a", "x"), F.sync],
            [run("a", nil), F.sync]
        ),
        .messages(
            "types",
            [F.parse("a", "SELECT $1", types: [23]), F.describe(.statement, "a"), run("a", "4"), F.sync],
            [F.parse("b", "SELECT $1", types: [25]), F.describe(.statement, "b"), run("b", "4"), F.sync]
        ),
        .messages(
            "several statements in Parse",
            [F.parse("", "SELECT 1; SELECT 2"), F.sync],
            [F.parse("", ""), run(""), F.sync],
            [F.parse("", "-- none"), F.describe(.statement, ""), F.sync]
        ),
        .messages(
            "settings and statements",
            [F.parse("a", "SELECT doubled(3)"), F.sync],
            [run("a"), F.sync],
            [F.query("SET search_path = shadow")],
            [run("a"), F.sync],
            [F.query("RESET search_path")],
            [run("a"), F.sync]
        ),
        .messages(
            "binary results",
            [
                F.parse("a", "SELECT 258, 'x'"), F.bind("", "a", binaryResults: true), F.describe(.portal, ""),
                F.execute(), F.sync,
            ]
        ),
        .messages(
            "BEGIN prepared",
            [F.parse("b", "BEGIN"), F.parse("c", "COMMIT"), F.sync],
            [run("b"), F.sync],
            [F.query("SELECT 1")],
            [run("c"), F.sync]
        ),
        .messages(
            "a write prepared",
            [F.parse("w", "UPDATE item SET note = note WHERE id = $1 RETURNING id"), F.sync],
            [run("w", "5"), F.sync],
            [run("w", "6"), F.sync]
        ),
    ]

    private static let portals: [ParityScript] = [
        .messages(
            "suspended",
            [F.query("BEGIN")],
            [F.parse("", "SELECT generate_series(1, 7)"), F.bind("p", ""), F.execute("p", rows: 3), F.sync],
            [F.execute("p", rows: 3), F.sync],
            [F.execute("p", rows: 3), F.sync],
            [F.execute("p", rows: 3), F.sync],
            [F.query("COMMIT")]
        ),
        .messages(
            "suspended in a batch",
            [
                F.parse("", "SELECT generate_series(1, 7)"), F.bind("", ""), F.execute(rows: 3), F.execute(rows: 3),
                F.execute(rows: 3), F.sync,
            ]
        ),
        .messages(
            "portal ends at Sync",
            [F.parse("", "SELECT generate_series(1, 7)"), F.bind("p", ""), F.execute("p", rows: 3), F.sync],
            [F.execute("p", rows: 3), F.sync]
        ),
        .messages(
            "two portals",
            [F.query("BEGIN")],
            [
                F.parse("s", "SELECT generate_series(1, $1)"), F.bind("p", "s", texts: ["4"]),
                F.bind("q", "s", texts: ["6"]), F.execute("p", rows: 1), F.execute("q", rows: 2),
                F.execute("p", rows: 2), F.sync,
            ],
            [F.close(.portal, "p"), F.execute("q"), F.sync],
            [F.execute("p"), F.sync],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "portal twice",
            [F.query("BEGIN")],
            [F.parse("s", "SELECT 1"), F.bind("p", "s"), F.bind("p", "s"), F.sync],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "write with a row limit",
            [F.query("BEGIN")],
            [
                F.parse("", "UPDATE item SET note = note WHERE id < 5 RETURNING id"), F.bind("", ""),
                F.execute(rows: 2), F.sync,
            ],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "cursor by both",
            [F.query("BEGIN")],
            [F.query("DECLARE c CURSOR FOR SELECT generate_series(1, 5)")],
            [F.execute("c", rows: 2), F.sync],
            [F.query("FETCH 1 FROM c")],
            [F.query("COMMIT")]
        ),
    ]

    private static let pipelines: [ParityScript] = [
        .messages("three cycles", [F.extended("SELECT 1"), F.sync, F.extended("SELECT 2")].map { $0 }),
        .messages("syncs", [F.sync, F.sync, F.sync]),
        .messages(
            "one fails",
            [
                F.parse("", "SELECT 1"), run(""), F.parse("", "SELECT 1/0"), run(""), F.parse("", "SELECT 3"), run(""),
                F.sync, F.parse("", "SELECT 4"), run(""), F.sync,
            ]
        ),
        .messages(
            "implicit transaction",
            [
                F.parse("", "INSERT INTO written VALUES (99) RETURNING at"), run(""), F.parse("", "SELECT 1/0"),
                run(""), F.sync,
            ],
            [F.query("SELECT count(*) FROM written WHERE at = 99")]
        ),
        .messages(
            "BEGIN in a pipeline",
            [F.parse("", "BEGIN"), run(""), F.parse("", "SELECT 1"), run(""), F.parse("", "COMMIT"), run(""), F.sync]
        ),
        .messages(
            "BEGIN over pipelines",
            [
                F.parse("", "BEGIN"), run(""), F.sync, F.parse("", "SELECT 1"), run(""), F.sync,
                F.parse("", "ROLLBACK"), run(""), F.sync,
            ]
        ),
        .messages(
            "queries in flight",
            [F.query("SELECT 1"), F.query("SELECT 2"), F.query("SELECT 1/0"), F.query("SELECT 3")]
        ),
        .messages(
            "transaction in flight",
            [F.query("BEGIN"), F.query("SELECT 1"), F.query("COMMIT"), F.query("SELECT 2")]
        ),
        .messages(
            "settings in flight",
            [
                F.query("SET work_mem = '7MB'"), F.query("SHOW work_mem"), F.query("RESET work_mem"),
                F.query("SHOW work_mem"),
            ]
        ),
        .messages(
            "read, write, read",
            [F.query("SELECT 1"), F.query("UPDATE item SET note = note WHERE id = 9"), F.query("SELECT 2")]
        ),
        .messages(
            "flush within",
            [F.parse("a", "SELECT 1"), F.flush, F.describe(.statement, "a"), F.flush, run("a"), F.flush, F.sync]
        ),
        .messages(
            "prepared in flight",
            [
                F.parse("a", "SELECT $1::int"), run("a", "1"), F.sync, run("a", "2"), F.sync, F.close(.statement, "a"),
                F.sync, run("a", "3"), F.sync,
            ]
        ),
        .messages(
            "SET in a pipeline",
            [F.parse("", "SET work_mem = '9MB'"), run(""), F.parse("", "SHOW work_mem"), run(""), F.sync],
            [F.query("SHOW work_mem")],
            [F.query("RESET work_mem")]
        ),
        .messages(
            "a statement that batches in flight bring, one of which fails",
            [F.parse("a", "SELECT $1::int + 4711"), F.sync],
            [F.query("SET howdah.route = 'primary'")],
            [run("a", "1"), F.sync, run("nobody"), run("a", "2"), F.sync],
            [run("a", "3"), F.sync],
            [F.query("RESET howdah.route")]
        ),
        .messages(
            "a name whose new meaning does not come about",
            [F.parse("", "UPDATE item SET note = note WHERE id = 7"), F.parse("b", "SELECT 1"), F.sync],
            [F.parse("b", "SELECT 2"), F.parse("", "SELECT 3"), F.sync, run(""), F.sync]
        ),
        .messages(
            "a query ends the unnamed statement of a batch that fails",
            [
                F.parse("", "SELECT 1/0"), run(""), F.parse("", "SELECT 2"), run(""), F.sync, F.query("SELECT 3"),
                run(""), F.sync,
            ]
        ),
        ParityScript(
            name: "a query that is skipped does not end the unnamed statement",
            steps: [
                .init(name: "Parse, Sync", bytes: F.parse("", "SELECT 6") + F.sync, cycles: 1),
                .init(name: "an error, Query, Sync", bytes: run("nobody") + F.query("SELECT 1") + F.sync, cycles: 1),
                .init(name: "Bind, Execute, Sync", bytes: run("") + F.sync, cycles: 1),
            ]
        ),
        .messages("query within a batch", [F.parse("a", "SELECT 1"), F.query("SELECT 2"), run("a"), F.sync]),
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
