/// PREPARE, EXECUTE and DEALLOCATE as SQL, beside Parse, Bind and Close.
extension ParityCases {
    private typealias F = Frontend

    private static func run(_ name: String, _ values: String?...) -> [UInt8] {
        F.bind("", name, texts: values) + F.execute()
    }

    static let preparedBySQL: [ParityScript] = inQueries + withTheProtocol + inPipelines

    private static let inQueries: [ParityScript] = [
        .simple(
            "PREPARE p AS SELECT id, note FROM item WHERE id = $1",
            "EXECUTE p(1)",
            "EXECUTE p(2)",
            "EXECUTE p('3')",
            "DEALLOCATE p",
            "EXECUTE p(1)",
            "DEALLOCATE p"
        ),
        .simple(
            "PREPARE p (int, text) AS SELECT $1, $2",
            "EXECUTE p(1, 'a')",
            "EXECUTE p('1', 'b')",
            "EXECUTE p(1 + 1, upper('c'))"
        ),
        .simple(
            "PREPARE p (varchar(10), int[], numeric(8,2)) AS SELECT $1, $2, $3",
            "EXECUTE p('abc', '{1,2}', 1.005)",
            "EXECUTE p('abcdefghijklmno', '{}', 1)"
        ),
        .simple("PREPARE p (item) AS SELECT ($1).note", "EXECUTE p(ROW(1, 'mine'))", "EXECUTE p('(1,yours)')"),
        .simple("PREPARE p (unknown) AS SELECT $1::int", "EXECUTE p(5)"),
        .simple("PREPARE p (no_such_type) AS SELECT $1"),
        .simple(
            "PREPARE p AS SELECT $1::int",
            "EXECUTE p",
            "EXECUTE p(1, 2)",
            "EXECUTE p('x')",
            "EXECUTE p(NULL)",
            "EXECUTE p(1/0)"
        ),
        .simple(
            "PREPARE p AS SELECT $1::int",
            "EXECUTE p(no_such_column)",
            "EXECUTE p(no_such_function(1))",
            "EXECUTE p(true)",
            "EXECUTE p(1",
            "/* é */ EXECUTE p(no_such_column)"
        ),
        .simple(
            "PREPARE p AS SELEC 1",
            "EXECUTE p",
            "PREPARE p AS SELECT no_such_column FROM item",
            "EXECUTE p",
            "PREPARE p AS SELECT 4",
            "EXECUTE p"
        ),
        .simple(
            "PREPARE p AS SELECT 1",
            "PREPARE p AS SELECT 2",
            "EXECUTE p",
            "PREPARE p AS SELEC",
            "EXECUTE p",
            "DEALLOCATE p",
            "PREPARE p AS SELECT 2",
            "EXECUTE p"
        ),
        .simple(
            "PREPARE \"Mixed Case\"\"s\" AS SELECT 8",
            "EXECUTE \"Mixed Case\"\"s\"",
            "EXECUTE mixed",
            "DEALLOCATE \"Mixed Case\"\"s\"",
            "EXECUTE \"Mixed Case\"\"s\""
        ),
        .simple(
            "PREPARE P AS SELECT 1",
            "EXECUTE p",
            "execute P",
            "EXECUTE \"P\"",
            "EXECUTE/* c */p;",
            "EXECUTE p -- end"
        ),
        .simple(
            "PREPARE execute AS SELECT 1",
            "EXECUTE execute",
            "EXPLAIN (COSTS off) EXECUTE execute",
            "DEALLOCATE execute"
        ),
        .simple(
            "PREPARE p AS VALUES (1), (2)",
            "EXECUTE p",
            "PREPARE q AS TABLE counted",
            "EXECUTE q",
            "DEALLOCATE ALL",
            "EXECUTE p",
            "EXECUTE q"
        ),
        .simple(
            "PREPARE w AS UPDATE item SET note = note WHERE id = $1 RETURNING id",
            "EXECUTE w(1)",
            "EXECUTE w(2)",
            "DEALLOCATE w"
        ),
        .simple(
            "BEGIN",
            "PREPARE w AS INSERT INTO written VALUES ($1) RETURNING at",
            "EXECUTE w(1)",
            "ROLLBACK",
            "BEGIN",
            "EXECUTE w(2)",
            "ROLLBACK",
            "DEALLOCATE w"
        ),
        .simple(
            "BEGIN",
            "PREPARE p AS SELECT 6",
            "ROLLBACK",
            "EXECUTE p",
            "BEGIN",
            "DEALLOCATE p",
            "ROLLBACK",
            "EXECUTE p"
        ),
        .simple(
            "PREPARE p AS SELECT 1",
            "BEGIN",
            "SELECT 1/0",
            "EXECUTE p",
            "PREPARE q AS SELECT 2",
            "DEALLOCATE p",
            "ROLLBACK",
            "EXECUTE p",
            "EXECUTE q"
        ),
        .simple("PREPARE p AS SELECT 1/$1", "BEGIN", "EXECUTE p(0)", "EXECUTE p(1)", "ROLLBACK", "EXECUTE p(1)"),
        .simple("BEGIN", "SAVEPOINT s", "PREPARE p AS SELECT 1", "ROLLBACK TO s", "EXECUTE p", "COMMIT", "EXECUTE p"),
        .simple("BEGIN READ ONLY", "PREPARE w AS UPDATE item SET note = note", "EXECUTE w", "ROLLBACK", "DEALLOCATE w"),
        .simple("BEGIN READ ONLY", "PREPARE p AS SELECT $1::text", "EXECUTE p('x')", "COMMIT", "EXECUTE p('y')"),
        .simple(
            "PREPARE p AS SELECT id FROM item WHERE id < $1 ORDER BY id",
            "EXPLAIN (COSTS off) EXECUTE p(3)",
            "PREPARE counted AS SELECT count(*) FROM generate_series(1, $1)",
            "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) EXECUTE counted(3)",
            "EXPLAIN EXECUTE nobody",
            "EXPLAIN (NO_SUCH_OPTION) EXECUTE p(3)",
            "EXPLAIN (COSTS off) EXECUTE p(no_such_column)"
        ),
        .simple(
            "PREPARE p AS SELECT 1 AS a",
            "BEGIN",
            "CREATE TABLE made_by_execute AS EXECUTE p",
            "TABLE made_by_execute",
            "ROLLBACK"
        ),
        .simple(
            "PREPARE p AS SELECT 1 AS a",
            "CREATE TEMP TABLE made_by_execute AS EXECUTE p",
            "TABLE made_by_execute",
            "DROP TABLE made_by_execute",
            "EXECUTE p"
        ),
        .simple(
            "PREPARE s AS SELECT set_config('work_mem', '3MB', false)",
            "SHOW work_mem",
            "EXECUTE s",
            "SHOW work_mem",
            "SELECT current_setting('work_mem')"
        ),
        .simple(
            "PREPARE s AS SELECT set_config('work_mem', $1, false)",
            "EXECUTE s('5MB')",
            "SHOW work_mem",
            "RESET work_mem",
            "SHOW work_mem"
        ),
        .simple(
            "PREPARE l AS SELECT pg_advisory_lock($1)",
            "EXECUTE l(78)",
            "SELECT pg_advisory_unlock(78)",
            "SELECT pg_advisory_unlock(78)"
        ),
        .simple(
            "PREPARE p AS SELECT doubled(4)",
            "EXECUTE p",
            "SET search_path = shadow, public",
            "EXECUTE p",
            "RESET search_path",
            "EXECUTE p"
        ),
        .simple(
            "SET standard_conforming_strings = off",
            "PREPARE p AS SELECT 'a\\'' AS b, $1::text",
            "EXECUTE p('c\\'d')",
            "RESET standard_conforming_strings",
            "DEALLOCATE p"
        ),
        .simple("PREPARE p AS SELECT 1", "DISCARD PLANS", "EXECUTE p", "DISCARD ALL", "EXECUTE p"),
        .simple("PREPARE p AS SELECT 1; EXECUTE p", "EXECUTE p", "DEALLOCATE p", "EXECUTE p"),
        .simple(
            "PREPARE p AS SELECT 1",
            "EXECUTE p; EXECUTE p",
            "PREPARE p AS SELECT 2",
            "EXECUTE p",
            "DEALLOCATE p; SELECT 1",
            "EXECUTE p"
        ),
        .simple(
            "PREPARE p AS SELECT 1",
            "DEALLOCATE p; PREPARE p AS SELECT 2; EXECUTE p",
            "EXECUTE p",
            "DISCARD ALL",
            "EXECUTE p"
        ),
        .simple("PREPARE U&\"\\0070\" AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "EXECUTE p"),
        .simple(
            "EXECUTE p(1)",
            "EXECUTE p(",
            "DEALLOCATE PREPARE p",
            "DEALLOCATE PREPARE ALL",
            "EXPLAIN EXECUTE p",
            "CREATE TABLE none AS EXECUTE p"
        ),
        .simple(
            "PREPARE p AS SELECT pg_sleep($1)",
            "SET statement_timeout = '20ms'",
            "EXECUTE p(5)",
            "RESET statement_timeout",
            "EXECUTE p(0)"
        ),
    ]

    private static let own = "SELECT name, parameter_types::text FROM pg_prepared_statements ORDER BY 1"

    private static func look(_ name: String) -> [UInt8] { F.parse(name, own) + F.bind("", name) + F.execute() }

    /// Names that a batch gives and takes back around a look at pg_prepared_statements.
    private static let shown: [ParityScript] = [
        .messages(
            "closed, and given to what looks",
            [F.parse("a", "SELECT 4"), F.sync],
            [F.close(.statement, "a"), look("a"), F.sync]
        ),
        .messages(
            "the same of one that has looked",
            [look("a"), F.sync],
            [F.close(.statement, "a"), look("a"), F.sync],
            [look("b"), F.sync]
        ),
        .messages(
            "given to others in between",
            [F.parse("a", "SELECT 4"), F.sync],
            [look("b"), F.sync],
            [F.close(.statement, "a"), F.parse("a", "SELECT $1::int"), look("c"), F.sync],
            [F.close(.statement, "c"), look("c"), F.sync]
        ),
        .messages("in one batch", [look("a"), F.close(.statement, "a"), look("a"), F.sync]),
        .messages(
            "beside what shares nothing",
            [F.parse("a", "PREPARE p AS SELECT 1"), look("b"), F.sync],
            [F.describe(.statement, "a"), F.sync]
        ),
        .messages(
            "beside an unnamed one",
            [F.parse("a", "SELECT 1"), F.sync],
            [F.parse("", "COMMIT"), F.close(.statement, "a"), look("b"), F.sync]
        ),
        .messages(
            "in a transaction that fails",
            [F.query("BEGIN")],
            [look("a"), F.sync],
            [F.close(.statement, "a"), F.parse("b", "SELECT 1/0"), look("c"), F.sync],
            [F.bind("", "b"), F.execute(), F.sync],
            [F.describe(.statement, "b"), F.sync],
            [F.query("ROLLBACK")],
            [look("d"), F.sync]
        ),
    ]

    /// A failed transaction still tells of what has neither parameters nor rows.
    private static let describedInFailed: [ParityScript] = ["BEGIN", "SAVEPOINT s", "DEALLOCATE ALL", "COMMIT"].map {
        .messages(
            "\($0) described in a failed transaction",
            [F.parse("a", $0), F.sync],
            [F.query("BEGIN")],
            [F.query("SELECT 1/0")],
            [F.describe(.statement, "a"), F.sync],
            [F.query("ROLLBACK")],
            [F.describe(.statement, "a"), F.sync]
        )
    }

    private static let withTheProtocol: [ParityScript] =
        shown + describedInFailed + [
            .extended(
                "PREPARE p (int) AS SELECT $1",
                "EXECUTE p(1)",
                "EXECUTE p(2)",
                "EXECUTE p(no_such_column)",
                "DEALLOCATE p",
                "EXECUTE p(1)"
            ),
            .extended(
                "PREPARE p AS SELECT 1",
                "PREPARE p AS SELECT 2",
                "EXECUTE p",
                "DEALLOCATE ALL",
                "EXECUTE p",
                "DEALLOCATE p"
            ),
            .extended(
                "BEGIN",
                "PREPARE p AS SELECT 1",
                "SELECT 1/0",
                "EXECUTE p",
                "DEALLOCATE p",
                "ROLLBACK",
                "EXECUTE p",
                "DEALLOCATE p",
                "EXECUTE p"
            ),
            .extended("PREPARE p AS SELEC", "EXECUTE p", "PREPARE p (no_such_type) AS SELECT 1", "EXECUTE p"),
            .messages(
                "PREPARE, then Bind",
                [F.query("PREPARE a (int, text) AS SELECT $1 AS x, $2 AS y")],
                [F.describe(.statement, "a"), F.sync],
                [run("a", "1", "z"), F.sync],
                [run("a", "1"), F.sync],
                [F.close(.statement, "a"), F.sync],
                [run("a", "1", "z"), F.sync]
            ),
            .messages(
                "Parse, then EXECUTE",
                [F.parse("a", "SELECT $1::int AS x"), F.sync],
                [F.query("EXECUTE a(7)")],
                [F.query("EXECUTE a")],
                [F.query("DEALLOCATE a")],
                [F.query("EXECUTE a(7)")],
                [run("a", "7"), F.sync]
            ),
            .messages(
                "names taken",
                [F.parse("a", "SELECT 1"), F.sync],
                [F.query("PREPARE a AS SELECT 2")],
                [F.query("EXECUTE a")],
                [F.query("PREPARE b AS SELECT 3")],
                [F.parse("b", "SELECT 4"), F.sync],
                [run("b"), F.sync]
            ),
            .messages(
                "Close, then PREPARE",
                [F.parse("a", "SELECT 1"), F.sync],
                [F.close(.statement, "a"), F.sync],
                [F.query("PREPARE a AS SELECT 2")],
                [run("a"), F.sync]
            ),
            .messages(
                "EXECUTE prepared",
                [F.query("PREPARE a AS SELECT $1::int")],
                [F.parse("x", "EXECUTE a(5)"), F.describe(.statement, "x"), F.sync],
                [run("x"), F.sync],
                [run("x"), F.sync],
                [F.describe(.statement, "x"), F.sync],
                [F.close(.statement, "x"), F.sync]
            ),
            .messages(
                "EXECUTE prepared, and its statement changed",
                [F.query("PREPARE a AS SELECT 1")],
                [F.parse("x", "EXECUTE a"), F.sync],
                [run("x"), F.sync],
                [F.query("DEALLOCATE a")],
                [run("x"), F.sync],
                [F.query("PREPARE a AS SELECT 2")],
                [run("x"), F.sync]
            ),
            .messages(
                "EXECUTE unnamed with Describe",
                [F.query("PREPARE a AS SELECT $1::int, 'b'")],
                [F.parse("", "EXECUTE a(5)"), F.bind("", ""), F.describe(.portal, ""), F.execute(), F.sync],
                [F.parse("", "EXECUTE a(6)"), F.bind("", ""), F.describe(.portal, ""), F.execute(), F.sync]
            ),
            .messages(
                "EXECUTE in a portal with a row limit",
                [F.query("BEGIN")],
                [F.query("PREPARE a AS SELECT generate_series(1, $1)")],
                [F.parse("", "EXECUTE a(5)"), F.bind("p", ""), F.execute("p", rows: 2), F.sync],
                [F.execute("p", rows: 9), F.sync],
                [F.query("COMMIT")]
            ),
        ]

    private static let inPipelines: [ParityScript] = [
        .messages(
            "queries in flight",
            [
                F.query("PREPARE p AS SELECT $1::int"), F.query("EXECUTE p(1)"), F.query("EXECUTE p(2)"),
                F.query("DEALLOCATE p"), F.query("EXECUTE p(3)"),
            ]
        ),
        .messages(
            "PREPARE twice in flight",
            [F.query("PREPARE p AS SELECT 1"), F.query("PREPARE p AS SELECT 2"), F.query("EXECUTE p")]
        ),
        .messages(
            "a failing PREPARE in flight",
            [
                F.query("BEGIN"), F.query("PREPARE p AS SELECT no_such_column"), F.query("EXECUTE p"),
                F.query("ROLLBACK"), F.query("EXECUTE p"),
            ]
        ),
        .messages(
            "in one batch",
            [
                F.parse("", "PREPARE p AS SELECT $1::int"), run(""), F.parse("", "EXECUTE p(4)"), run(""),
                F.parse("", "DEALLOCATE p"), run(""), F.sync,
            ],
            [F.query("EXECUTE p(4)")]
        ),
        .messages(
            "in one batch, and an error",
            [
                F.parse("", "PREPARE p AS SELECT $1::int"), run(""), F.parse("", "EXECUTE p(1/0)"), run(""),
                F.parse("", "DEALLOCATE p"), run(""), F.sync,
            ],
            [F.query("EXECUTE p(4)")]
        ),
        .messages(
            "a Query with PREPARE behind an open batch, of a name that is taken",
            [
                F.query("PREPARE p AS SELECT 1"), F.parse("", "INSERT INTO item VALUES (4711, 'x')"), run(""),
                F.query("PREPARE p AS SELECT 2"),
            ],
            [F.query("DELETE FROM item WHERE id = 4711"), F.query("EXECUTE p")]
        ),
        .messages(
            "a Query with EXECUTE behind an open batch",
            [
                F.query("PREPARE p AS SELECT 1"), F.parse("", "INSERT INTO item VALUES (4711, 'x')"), run(""),
                F.query("EXECUTE p"),
            ],
            [F.query("DELETE FROM item WHERE id = 4711")]
        ),
        .messages(
            "a Query with EXECUTE behind an open batch, which fails",
            [
                F.query("PREPARE p AS SELECT 1"), F.parse("", "INSERT INTO item VALUES (4711, 'x')"), run(""),
                F.query("EXECUTE p(1/0)"),
            ],
            [F.query("DELETE FROM item WHERE id = 4711")]
        ),
        .messages(
            "a Query with DEALLOCATE behind an open batch",
            [
                F.query("PREPARE p AS SELECT 1"), F.parse("", "INSERT INTO item VALUES (4711, 'x')"), run(""),
                F.query("DEALLOCATE p"),
            ],
            [F.query("DELETE FROM item WHERE id = 4711"), F.query("EXECUTE p")]
        ),
        .messages(
            "a text with PREPARE and an error behind an open batch",
            [
                F.query("PREPARE p AS SELECT 1"), F.parse("", "INSERT INTO item VALUES (4711, 'x')"), run(""),
                F.query("EXECUTE p; PREPARE q AS SELECT 3; SELECT 1/0"),
            ],
            [F.query("DELETE FROM item WHERE id = 4711"), F.query("EXECUTE q")]
        ),
        .messages(
            "the view of statements behind an open batch",
            [
                F.query("PREPARE p AS SELECT 1"), F.parse("", "INSERT INTO item VALUES (4711, 'x')"), run(""),
                F.query("SELECT name FROM pg_prepared_statements"),
            ],
            [F.query("DELETE FROM item WHERE id = 4711"), F.query("EXECUTE p")]
        ),
        .messages(
            "DEALLOCATE in a batch that fails",
            [F.query("PREPARE p AS SELECT 1")],
            [F.parse("", "SELECT 1/0"), run(""), F.parse("", "DEALLOCATE p"), run(""), F.sync],
            [F.query("EXECUTE p")],
            [F.parse("", "DEALLOCATE p"), run(""), F.parse("", "SELECT 1/0"), run(""), F.sync],
            [F.query("EXECUTE p")]
        ),
        .messages(
            "PREPARE of a name taken in a batch",
            [
                F.parse("p", "SELECT 1"), F.parse("", "PREPARE p AS SELECT 2"), run(""), F.parse("", "SELECT 3"),
                run(""), F.sync,
            ],
            [F.query("EXECUTE p")]
        ),
        .messages(
            "a batch over several cycles",
            [
                F.parse("", "PREPARE p AS SELECT 5"), run(""), F.sync, F.parse("", "EXECUTE p"), run(""), F.sync,
                F.parse("", "DEALLOCATE p"), run(""), F.sync, F.parse("", "EXECUTE p"), run(""), F.sync,
            ]
        ),
        .messages(
            "EXECUTE behind a failing batch",
            [F.query("PREPARE p AS SELECT 5")],
            [F.parse("q", "SELECT 1/0"), run("q"), F.sync, F.query("EXECUTE p"), F.query("EXECUTE q")]
        ),
        .messages(
            "a text prepared in flight and skipped behind it",
            [F.parse("a", "SELECT 'in flight'"), F.sync, run("nobody"), F.parse("b", "SELECT 'in flight'"), F.sync],
            [F.parse("c", "SELECT 'in flight'"), F.sync],
            [run("c"), F.sync],
            [run("a"), F.sync],
            [run("b"), F.sync]
        ),
    ]
}
