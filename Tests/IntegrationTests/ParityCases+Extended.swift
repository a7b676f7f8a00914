/// The extended protocol, message by message: prepared statements, portals, and pipelines.
extension ParityCases {
    private typealias F = Frontend

    private static func run(_ name: String, _ values: String?...) -> [UInt8] {
        F.bind("", name, texts: values) + F.execute()
    }

    static let prepared: [ParityScript] = [
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

    static let portals: [ParityScript] = [
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

    static let pipelines: [ParityScript] = [
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
}
