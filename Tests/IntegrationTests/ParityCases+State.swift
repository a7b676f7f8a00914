/// State of sessions: roles, DISCARD, LISTEN, RETURNING, and what is described, bound or fetched across batches.
extension ParityCases {
    private typealias F = Frontend

    static let state = roles + discarded + listening + returning + described + acrossSync

    private static func run(_ name: String, _ values: String?...) -> [UInt8] {
        F.bind("", name, texts: values) + F.execute()
    }

    private static let who = "SELECT current_user, session_user, current_setting('role')"

    private static let roles: [ParityScript] = [
        .simple("SET ROLE other", who, "SELECT id FROM item WHERE id = 4", who, "RESET ROLE", who),
        .simple("SET ROLE other", "SET ROLE NONE", who),
        .simple("SET LOCAL ROLE other", who), .simple("BEGIN", "SET LOCAL ROLE other", who, "COMMIT", who),
        .simple("BEGIN", "SET ROLE other", "COMMIT", who, "RESET ALL", who, "DISCARD ALL", who),
        .simple("SET ROLE nobody_at_all", who),
        .simple("SELECT set_config('role', 'other', false)", who, "SELECT set_config('role', 'none', false)", who),
        .simple("SET SESSION AUTHORIZATION other", who, "RESET SESSION AUTHORIZATION", who),
        .simple("SET SESSION AUTHORIZATION DEFAULT", who),
        .simple(
            "SET work_mem = '3MB'",
            "SET ROLE other",
            "SHOW work_mem",
            "RESET work_mem",
            who,
            "SET work_mem = '5MB'",
            who,
            "RESET ROLE",
            "SHOW work_mem"
        ),
        .simple("BEGIN", "SET ROLE other", "SELECT 1/0", "ROLLBACK", who),
        .extended("SET ROLE other", who, "RESET ROLE", who),
        .messages(
            "a statement of two roles",
            [F.parse("a", who), F.sync],
            [run("a"), F.sync],
            [F.query("SET ROLE other")],
            [run("a"), F.sync],
            [F.query("RESET ROLE")],
            [run("a"), F.sync]
        ),
    ]

    private static let discarded: [ParityScript] = [
        .simple("SET work_mem = '3MB'", "DISCARD PLANS", "SHOW work_mem", "DISCARD ALL", "SHOW work_mem"),
        .simple("BEGIN", "DISCARD ALL", "ROLLBACK"),
        .simple("CREATE TEMP TABLE t (a int)", "DISCARD TEMP", "SELECT * FROM t"),
        .simple("DISCARD SEQUENCES", "SELECT lastval()"),
        .simple("CREATE TEMP TABLE t (a int)", "DISCARD ALL", "SELECT * FROM t"),
        .simple("DISCARD ALL; SELECT 1", "SELECT 1"),
        .simple("PREPARE p AS SELECT 1", "DISCARD ALL", "EXECUTE p"),
        .simple("BEGIN", "DISCARD TEMP", "DISCARD PLANS", "COMMIT"),
        .simple("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "DISCARD ALL", "FETCH c"),
        .simple("SET ROLE other", "DISCARD ALL", who),
        .messages(
            "DISCARD ALL in flight",
            [
                F.query("SET work_mem = '3MB'"), F.query("DISCARD ALL"), F.query("SET work_mem = '5MB'"),
                F.query("SHOW work_mem"),
            ],
            [F.query("SHOW work_mem")]
        ),
        .messages(
            "temporary table behind DISCARD ALL",
            [F.query("DISCARD ALL"), F.query("CREATE TEMP TABLE t (a int)")],
            [F.query("SELECT * FROM t")],
            [F.query("DISCARD TEMP")]
        ),
        .messages(
            "DISCARD ALL in a pipeline",
            [F.parse("", "DISCARD ALL"), run(""), F.parse("", "SELECT 1"), run(""), F.sync],
            [F.query("SELECT 2")]
        ),
    ]

    private static let listening: [ParityScript] = [
        .simple("LISTEN parity", "UNLISTEN parity"),
        .simple("LISTEN parity", "UNLISTEN *", "NOTIFY parity, 'unheard'", "SELECT 1"),
        .simple("BEGIN", "LISTEN parity", "COMMIT", "UNLISTEN *"),
        .simple("BEGIN", "LISTEN parity", "ROLLBACK", "NOTIFY parity, 'unheard'", "SELECT 1"),
        .simple("BEGIN READ ONLY", "LISTEN parity", "COMMIT", "UNLISTEN *"), .simple("UNLISTEN nobody"),
        .extended("LISTEN parity", "UNLISTEN *"),
        .simple("BEGIN", "NOTIFY parity", "ROLLBACK"), .simple("BEGIN", "SELECT 1/0", "LISTEN parity", "ROLLBACK"),
        .simple("LISTEN parity; SELECT 1/0", "NOTIFY parity, 'unheard'", "SELECT 1"),
    ]

    private static let returning: [ParityScript] = [
        .simple("UPDATE item SET note = note WHERE id < 4 RETURNING *"),
        .extended("UPDATE item SET note = note WHERE id < 4 RETURNING id, length(note)"),
        .simple(
            "BEGIN",
            "INSERT INTO written VALUES (5), (6) RETURNING at * 2",
            "DELETE FROM written WHERE at > 4 RETURNING *",
            "ROLLBACK"
        ),
        .simple("WITH changed AS (UPDATE item SET note = note WHERE id = 8 RETURNING id) SELECT * FROM changed"),
        .simple("INSERT INTO item VALUES (1, 'again') ON CONFLICT (id) DO UPDATE SET note = item.note RETURNING id"),
        .simple("INSERT INTO item VALUES (1, 'again') RETURNING id"),
        .simple("INSERT INTO item SELECT 1 WHERE false RETURNING id; SELECT 2"),
        .messages(
            "RETURNING with a row limit",
            [
                F.parse("", "UPDATE item SET note = note WHERE id < 6 RETURNING id"), F.bind("", ""),
                F.execute(rows: 2), F.execute(rows: 2), F.sync,
            ]
        ),
        .messages(
            "RETURNING, prepared",
            [
                F.parse("w", "UPDATE item SET note = note WHERE id = $1 RETURNING id"), F.describe(.statement, "w"),
                F.sync,
            ],
            [run("w", "7"), run("w", "8"), F.sync],
            [run("w", "x"), F.sync]
        ),
    ]

    /// What one server has prepared another describes and runs.
    private static let described: [ParityScript] = [
        .messages(
            "described after a write",
            [F.parse("a", "SELECT id, note FROM item WHERE id = $1"), F.sync],
            [F.query("UPDATE item SET note = note WHERE id = 1")],
            [F.describe(.statement, "a"), F.sync],
            [run("a", "4"), F.sync]
        ),
        .messages(
            "described in a transaction",
            [F.parse("a", "SELECT id FROM item WHERE id = $1"), F.sync],
            [F.query("BEGIN")],
            [F.query("UPDATE item SET note = note WHERE id = 1")],
            [F.describe(.statement, "a"), F.sync],
            [run("a", "4"), F.sync],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "a write that is described",
            [F.parse("w", "INSERT INTO written VALUES ($1)"), F.sync],
            [F.describe(.statement, "w"), F.sync],
            [F.query("SELECT 1")],
            [F.describe(.statement, "w"), F.sync]
        ),
        .messages(
            "two described at once",
            [
                F.parse("a", "SELECT $1::int"), F.parse("b", "UPDATE item SET note = $1 WHERE false RETURNING note"),
                F.sync,
            ],
            [F.describe(.statement, "a"), F.describe(.statement, "b"), F.sync]
        ),
        .messages(
            "under another path",
            [F.parse("a", "SELECT doubled($1)"), F.sync],
            [F.query("SET search_path = shadow, public")],
            [F.describe(.statement, "a"), run("a", "4"), F.sync],
            [F.query("RESET search_path")],
            [F.describe(.statement, "a"), run("a", "4"), F.sync]
        ),
        .messages(
            "portal described",
            [F.parse("a", "SELECT id FROM item WHERE id < $1 ORDER BY id"), F.sync],
            [F.bind("p", "a", texts: ["4"]), F.describe(.portal, "p"), F.execute("p"), F.sync],
            [F.describe(.portal, "p"), F.sync]
        ),
        .messages(
            "flushed and described",
            [
                F.parse("a", "SELECT id FROM item WHERE id = $1"), F.describe(.statement, "a"), F.flush, run("a", "4"),
                F.sync,
            ]
        ),
    ]

    private static let acrossSync: [ParityScript] = [
        .messages(
            "fetched bit by bit",
            [F.query("BEGIN")],
            [F.parse("", "SELECT id FROM item ORDER BY id LIMIT 7"), F.bind("p", ""), F.execute("p", rows: 2), F.sync],
            [F.query("SELECT 'between'")],
            [F.execute("p", rows: 3), F.sync],
            [F.execute("p"), F.sync],
            [F.query("COMMIT")],
            [F.execute("p"), F.sync]
        ),
        .messages(
            "fetched after a write",
            [F.query("BEGIN")],
            [F.parse("", "SELECT id FROM item ORDER BY id LIMIT 5"), F.bind("p", ""), F.execute("p", rows: 2), F.sync],
            [F.query("UPDATE item SET note = note WHERE id = 1")],
            [F.execute("p"), F.sync],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "read only",
            [F.query("BEGIN READ ONLY")],
            [F.parse("", "SELECT id FROM item ORDER BY id LIMIT 5"), F.bind("p", ""), F.execute("p", rows: 2), F.sync],
            [F.execute("p", rows: 2), F.sync],
            [F.close(.portal, "p"), F.sync],
            [F.execute("p"), F.sync],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "gone with a savepoint",
            [F.query("BEGIN")],
            [F.query("SAVEPOINT a")],
            [F.parse("", "SELECT generate_series(1, 5)"), F.bind("p", ""), F.execute("p", rows: 2), F.sync],
            [F.query("ROLLBACK TO a")],
            [F.execute("p"), F.sync],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "lost to an error",
            [F.query("BEGIN")],
            [F.parse("", "SELECT generate_series(1, 5)"), F.bind("p", ""), F.execute("p", rows: 2), F.sync],
            [F.query("SELECT 1/0")],
            [F.execute("p"), F.sync],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "unnamed, across Sync",
            [F.query("BEGIN")],
            [F.parse("", "SELECT generate_series(1, 5)"), F.bind("", ""), F.execute(rows: 2), F.sync],
            [F.execute(rows: 2), F.sync],
            [F.query("SELECT 1")],
            [F.execute(), F.sync],
            [F.query("ROLLBACK")]
        ),
    ]
}
