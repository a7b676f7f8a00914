/// Transactions: two-phase commit, savepoints with settings, chains, control inside of texts and pipelines, errors in
/// each of them.
extension ParityCases {
    private typealias F = Frontend

    static let transactions = twoPhase + failed + chained + savepoints + texts + implicit

    private static func run(_ sql: String, _ values: String?...) -> [UInt8] {
        F.parse("", sql) + F.bind("", "", texts: values) + F.execute()
    }

    private static let insert = "INSERT INTO written VALUES (77)"
    private static let count = "SELECT count(*) FROM written WHERE at = 77"

    private static let twoPhase: [ParityScript] = [
        .simple("BEGIN", insert, "PREPARE TRANSACTION 'a'", count, "ROLLBACK PREPARED 'a'", count),
        .simple(
            "BEGIN",
            insert,
            "PREPARE TRANSACTION 'a'",
            "COMMIT PREPARED 'a'",
            count,
            "DELETE FROM written WHERE at = 77"
        ),
        .simple("BEGIN", "PREPARE TRANSACTION 'a'", "SELECT gid FROM pg_prepared_xacts", "ROLLBACK PREPARED 'a'"),
        .simple("BEGIN", insert, "SELECT 1/0", "PREPARE TRANSACTION 'a'", "ROLLBACK PREPARED 'a'", "SELECT 1"),
        .simple(
            "BEGIN",
            insert,
            "PREPARE TRANSACTION 'a'",
            "BEGIN",
            "COMMIT PREPARED 'a'",
            "ROLLBACK",
            "ROLLBACK PREPARED 'a'"
        ),
        .simple(
            "BEGIN",
            "SET work_mem = '3MB'",
            insert,
            "PREPARE TRANSACTION 'a'",
            "SHOW work_mem",
            "ROLLBACK PREPARED 'a'",
            "SHOW work_mem"
        ),
        .simple(
            "BEGIN",
            "SET LOCAL work_mem = '3MB'",
            insert,
            "PREPARE TRANSACTION 'a'",
            "SHOW work_mem",
            "ROLLBACK PREPARED 'a'"
        ),
        .simple("BEGIN", "CREATE TEMP TABLE t (a int)", "PREPARE TRANSACTION 'a'", "SELECT 1"),
        .simple("PREPARE TRANSACTION 'a'", "COMMIT PREPARED 'nobody'", "ROLLBACK PREPARED 'nobody'"),
        .simple("BEGIN; \(insert); PREPARE TRANSACTION 'a'", count, "ROLLBACK PREPARED 'a'"),
        .extended(
            "BEGIN",
            insert,
            "PREPARE TRANSACTION 'a'",
            count,
            "COMMIT PREPARED 'a'",
            "DELETE FROM written WHERE at = 77"
        ),
        .messages(
            "two phases in flight",
            [
                F.query("BEGIN"), F.query(insert), F.query("PREPARE TRANSACTION 'a'"), F.query("ROLLBACK PREPARED 'a'"),
                F.query(count),
            ]
        ),
        .messages(
            "first phase in a pipeline",
            [run("BEGIN"), run(insert), run("PREPARE TRANSACTION 'a'"), F.sync],
            [F.query("ROLLBACK PREPARED 'a'")]
        ),
    ]

    private static let failed: [ParityScript] = [
        .simple("BEGIN", "SELECT 1/0", "COMMIT", "SELECT 1"),
        .simple("BEGIN", "SELECT 1/0", "SELECT 2", "END", "SELECT 3"),
        .simple("BEGIN", insert, "SELECT 1/0", "COMMIT", count),
        .extended("BEGIN", insert, "SELECT 1/0", "COMMIT", count),
        .simple("BEGIN", "SELECT 1/0", "COMMIT AND CHAIN", "SELECT 1", "ROLLBACK"),
        .simple("BEGIN", "SET work_mem = '3MB'", "SELECT 1/0", "COMMIT", "SHOW work_mem"),
        .simple("BEGIN", "SELECT 1/0", "BEGIN", "SAVEPOINT a", "ROLLBACK TO a", "ROLLBACK"),
        .simple("BEGIN", "SELECT 1/0", "SET work_mem = '3MB'", "DISCARD ALL", "ROLLBACK", "SHOW work_mem"),
        .simple("BEGIN", "SELECT 1/0", "EXECUTE nobody", "PREPARE p AS SELECT 1", "ROLLBACK", "EXECUTE p"),
        .messages(
            "a failed transaction in flight",
            [F.query("BEGIN"), F.query("SELECT 1/0"), F.query("SELECT 1"), F.query("COMMIT"), F.query("SELECT 2")]
        ),
        .messages(
            "Describe in a failed transaction",
            [F.query("BEGIN")],
            [F.parse("a", "SELECT id FROM item WHERE id = $1"), F.sync],
            [F.query("SELECT 1/0")],
            [F.describe(.statement, "a"), F.sync],
            [F.query("ROLLBACK")],
            [F.describe(.statement, "a"), F.sync]
        ),
        .messages(
            "COMMIT in a failed transaction, extended",
            [F.query("BEGIN")],
            [run("SELECT 1/0"), F.sync],
            [run("COMMIT"), F.sync],
            [run("SELECT 1"), F.sync]
        ),
    ]

    private static let chained: [ParityScript] = [
        .simple("BEGIN", "SELECT 1", "COMMIT AND CHAIN", "SHOW transaction_isolation", "COMMIT"),
        .simple(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            "SELECT 1",
            "COMMIT AND CHAIN",
            "SHOW transaction_isolation",
            insert,
            "ROLLBACK"
        ),
        .simple(
            "BEGIN READ ONLY",
            "ROLLBACK AND CHAIN",
            "SELECT 1/0",
            "ROLLBACK AND CHAIN",
            "SHOW transaction_read_only",
            insert,
            "ROLLBACK"
        ),
        .simple(
            "BEGIN",
            "RESET ALL",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SHOW transaction_isolation",
            "COMMIT"
        ),
        .simple("BEGIN ISOLATION LEVEL SERIALIZABLE", "COMMIT AND CHAIN", "SHOW transaction_isolation", "COMMIT"),
        .simple("BEGIN", insert, "ROLLBACK AND CHAIN", count, "COMMIT"),
        .simple("BEGIN", "COMMIT AND NO CHAIN", "SELECT 1"),
        .simple("BEGIN", "SET work_mem = '3MB'", "COMMIT AND CHAIN", "SHOW work_mem", "ROLLBACK", "SHOW work_mem"),
        .simple("BEGIN", "SET work_mem = '3MB'", "ROLLBACK AND CHAIN", "SHOW work_mem", "COMMIT", "SHOW work_mem"),
        .simple("BEGIN", "SET LOCAL work_mem = '3MB'", "COMMIT AND CHAIN", "SHOW work_mem", "COMMIT"),
        .simple(
            "BEGIN",
            "SET work_mem = '3MB'",
            "COMMIT AND CHAIN",
            "SET work_mem = '5MB'",
            "ROLLBACK AND CHAIN",
            "SHOW work_mem",
            "COMMIT",
            "SHOW work_mem"
        ),
        .simple("COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "SELECT 1"),
        .simple("SELECT 1; COMMIT AND CHAIN", "SELECT 1", "ROLLBACK"),
        .extended("BEGIN", "COMMIT AND CHAIN", "SELECT 1", "COMMIT"),
        .messages(
            "chains in flight",
            [
                F.query("BEGIN"), F.query("SELECT 1"), F.query("COMMIT AND CHAIN"), F.query("SELECT 2"),
                F.query("COMMIT"), F.query("SELECT 3"),
            ]
        ),
    ]

    private static let savepoints: [ParityScript] = [
        .simple(
            "BEGIN",
            "SAVEPOINT a",
            "SET work_mem = '3MB'",
            "ROLLBACK TO a",
            "SHOW work_mem",
            "COMMIT",
            "SHOW work_mem"
        ),
        .simple(
            "BEGIN",
            "SET work_mem = '3MB'",
            "SAVEPOINT a",
            "SET work_mem = '5MB'",
            "ROLLBACK TO a",
            "COMMIT",
            "SHOW work_mem"
        ),
        .simple("BEGIN", "SAVEPOINT a", "SET work_mem = '3MB'", "RELEASE a", "COMMIT", "SHOW work_mem"),
        .simple(
            "BEGIN",
            "SET work_mem = '3MB'",
            "SAVEPOINT a",
            "SET work_mem = '5MB'",
            "SAVEPOINT b",
            "RESET work_mem",
            "ROLLBACK TO b",
            "RELEASE a",
            "COMMIT",
            "SHOW work_mem"
        ),
        .simple(
            "BEGIN",
            "SET work_mem = '3MB'",
            "SAVEPOINT a",
            "SELECT 1/0",
            "ROLLBACK TO a",
            "SHOW work_mem",
            "COMMIT",
            "SHOW work_mem"
        ),
        .simple(
            "BEGIN",
            "SAVEPOINT a",
            "SET datestyle = 'german'",
            "SELECT date '2024-02-03'",
            "ROLLBACK TO a",
            "SELECT date '2024-02-03'",
            "COMMIT"
        ),
        .simple("BEGIN", "SAVEPOINT a", "SET ROLE other", "ROLLBACK TO a", "SELECT current_user", "COMMIT"),
        .simple(
            "BEGIN",
            "SET LOCAL work_mem = '3MB'",
            "SAVEPOINT a",
            "SET work_mem = '5MB'",
            "RELEASE a",
            "COMMIT",
            "SHOW work_mem"
        ),
        .simple(
            "BEGIN",
            "SAVEPOINT a",
            "SAVEPOINT a",
            "SET work_mem = '3MB'",
            "ROLLBACK TO a",
            "RELEASE a",
            "ROLLBACK TO a",
            "COMMIT",
            "SHOW work_mem"
        ),
        .simple(
            "BEGIN",
            "SAVEPOINT a",
            "SET search_path = shadow",
            "SELECT doubled(4)",
            "ROLLBACK TO a",
            "SELECT doubled(4)",
            "COMMIT",
            "SELECT doubled(4)"
        ),
        .simple("BEGIN", "ROLLBACK TO nobody", "ROLLBACK"), .simple("SAVEPOINT a", "RELEASE a"),
        .messages(
            "savepoints and settings in one batch",
            [
                run("BEGIN"), run("SET work_mem = '3MB'"), run("SAVEPOINT a"), run("SET work_mem = '5MB'"),
                run("ROLLBACK TO a"), run("COMMIT"), F.sync,
            ],
            [F.query("SHOW work_mem")]
        ),
        .messages(
            "savepoints and settings in flight",
            [
                F.query("BEGIN"), F.query("SET work_mem = '3MB'"), F.query("SAVEPOINT a"),
                F.query("SET work_mem = '5MB'"), F.query("ROLLBACK TO a"), F.query("COMMIT"), F.query("SHOW work_mem"),
            ]
        ),
    ]

    /// Transaction control inside of texts of several statements.
    private static let texts: [ParityScript] = [
        .simple("BEGIN; SET work_mem = '3MB'; COMMIT", "SHOW work_mem"),
        .simple("BEGIN; SET work_mem = '3MB'; ROLLBACK", "SHOW work_mem"),
        .simple("SET work_mem = '3MB'; COMMIT; SELECT 1/0", "SHOW work_mem"),
        .simple("SET work_mem = '3MB'; SELECT 1/0", "SHOW work_mem"),
        .simple("SET work_mem = '3MB'; ROLLBACK; SELECT 1", "SHOW work_mem"),
        .simple("BEGIN; SELECT 1", "SELECT 2", "COMMIT; SELECT 3", "SELECT 4"),
        .simple("\(insert); BEGIN; SELECT 1/0", "SELECT 1", "ROLLBACK", count),
        .simple("\(insert); ROLLBACK; SELECT 1", count),
        .simple("BEGIN; \(insert); SAVEPOINT a; ROLLBACK TO a; ROLLBACK; \(count)"),
        .simple("SELECT 1; BEGIN; SELECT 2; COMMIT; SELECT 1/0; SELECT 3"),
        .simple("BEGIN", "COMMIT; BEGIN", "SELECT 1", "COMMIT; BEGIN; SELECT 2; COMMIT"),
        .simple("BEGIN; BEGIN; COMMIT; COMMIT"),
        .simple("SAVEPOINT a; SELECT 1", "SELECT 1; SAVEPOINT a; ROLLBACK TO a"),
        .simple("BEGIN READ ONLY; SELECT 1", "SELECT id FROM item WHERE id = 4", "COMMIT"),
        .simple("BEGIN ISOLATION LEVEL SERIALIZABLE; SHOW transaction_isolation; COMMIT", "SHOW transaction_isolation"),
        .simple("SELECT 1; SET TRANSACTION READ ONLY", "SELECT 1"),
        .simple("PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE p", "EXECUTE p"),
    ]

    /// A pipeline up to its Sync is one transaction; so is each of several in flight.
    private static let implicit: [ParityScript] = [
        .messages("an error undoes what stands before it", [run(insert), run("SELECT 1/0"), F.sync], [F.query(count)]),
        .messages(
            "COMMIT keeps what stands before it",
            [run("SET work_mem = '3MB'"), run("COMMIT"), run("SELECT 1/0"), F.sync],
            [F.query("SHOW work_mem")]
        ),
        .messages(
            "ROLLBACK drops what stands before it",
            [run("SET work_mem = '3MB'"), run("ROLLBACK"), run("SELECT 1"), F.sync],
            [F.query("SHOW work_mem")]
        ),
        .messages(
            "an error in one of three",
            [run("SELECT 1"), F.sync, run("SELECT 1/0"), run("SELECT 2"), F.sync, run("SELECT 3"), F.sync]
        ),
        .messages(
            "an error before the first",
            [run("SELEC"), F.sync, run(insert), run("ROLLBACK"), F.sync, run(count), F.sync]
        ),
        .messages(
            "reads, an error, writes",
            [
                run("SELECT id FROM item WHERE id = 4"), F.sync, run("SELECT 1/0"), F.sync,
                run("UPDATE item SET note = note WHERE id = 4"), F.sync,
            ]
        ),
        .messages(
            "savepoint in a pipeline",
            [run("SAVEPOINT a"), run("SELECT 1"), F.sync],
            [run("SELECT 1"), run("SAVEPOINT a"), F.sync]
        ),
        .messages(
            "BEGIN and an error in one pipeline",
            [run("BEGIN"), run("SELECT 1/0"), run("COMMIT"), F.sync],
            [F.query("COMMIT")]
        ),
        .messages(
            "two transactions in one pipeline",
            [run("BEGIN"), run("SELECT 1"), run("COMMIT"), run("BEGIN"), run("SELECT 2"), run("COMMIT"), F.sync]
        ),
        .messages(
            "VACUUM in a pipeline",
            [run("SELECT 1"), run("VACUUM written"), F.sync],
            [run("VACUUM written"), F.sync]
        ),
        .messages(
            "a read only transaction in a pipeline",
            [run("BEGIN READ ONLY"), run(insert), F.sync],
            [F.query("ROLLBACK")]
        ),
        .messages(
            "SET LOCAL in a pipeline",
            [run("SET LOCAL work_mem = '3MB'"), run("SHOW work_mem"), F.sync],
            [F.query("SHOW work_mem")]
        ),
    ]
}
