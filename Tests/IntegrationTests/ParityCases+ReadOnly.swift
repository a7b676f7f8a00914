/// Read-only and serializable transactions: what a primary takes in them, however they begin.
extension ParityCases {
    static let readOnly: [ParityScript] =
        statementsInReadOnly.map { .simple("BEGIN READ ONLY", "SELECT id FROM item WHERE id = 4", $0, "ROLLBACK") }
        + statementsInReadOnly.map {
            .extended("BEGIN READ ONLY", "SELECT id FROM item WHERE id = 4", $0, "SELECT 1", "ROLLBACK")
        } + statementsInReadOnly.map { .simple("BEGIN", "SET TRANSACTION READ ONLY", $0, "COMMIT") } + serializable

    private static let statementsInReadOnly = [
        "SELECT count(*) FROM fleeting", "NOTIFY parity_read_only", "SELECT pg_notify('parity_read_only', '')",
        "LOCK TABLE item IN ACCESS SHARE MODE", "LOCK TABLE item", "SELECT pg_current_xact_id_if_assigned()",
        "SELECT pg_current_wal_lsn() IS NOT NULL", "SELECT count(*) > 0 FROM pg_stat_activity",
        "SELECT nextval('counter')", "SELECT id FROM item WHERE id = 4 FOR UPDATE",
        "INSERT INTO written VALUES (78)", "CREATE TEMP TABLE t (a int)", "CREATE TABLE t (a int)",
        "SELECT pg_export_snapshot() IS NOT NULL", "SELECT pg_try_advisory_xact_lock(77)",
        "SHOW transaction_read_only", "SHOW transaction_isolation", "SELECT restless()", "SAVEPOINT s",
        "DECLARE c CURSOR FOR SELECT 1", "SET LOCAL work_mem = '1MB'", "SET TRANSACTION READ WRITE", "LISTEN parity",
    ]

    private static let serializable: [ParityScript] = [
        .simple(
            "SET default_transaction_isolation = 'serializable'",
            "SELECT id FROM item WHERE id = 4",
            "SHOW transaction_isolation",
            "BEGIN READ ONLY",
            "SELECT id FROM item WHERE id = 4",
            "COMMIT",
            "RESET default_transaction_isolation",
            "SHOW transaction_isolation"
        ),
        .simple(
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY",
            "SELECT id FROM item WHERE id = 4",
            "INSERT INTO written VALUES (78)",
            "BEGIN",
            "SHOW transaction_isolation",
            "COMMIT",
            "DISCARD ALL",
            "SHOW transaction_isolation"
        ),
        .simple(
            "BEGIN READ ONLY",
            "SET transaction_isolation = 'serializable'",
            "SELECT id FROM item WHERE id = 4",
            "SHOW transaction_isolation",
            "COMMIT"
        ),
        .simple(
            "BEGIN READ ONLY",
            "SET LOCAL transaction_isolation = 'serializable'",
            "SELECT id FROM item WHERE id = 4",
            "COMMIT"
        ),
        .simple(
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE",
            "SELECT id FROM item WHERE id = 4",
            "SHOW transaction_deferrable",
            "COMMIT"
        ),
        .simple("BEGIN", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT id FROM item WHERE id = 4", "COMMIT"),
        .simple(
            "BEGIN READ ONLY",
            "SET transaction_read_only = off",
            "UPDATE item SET note = note WHERE id = 2",
            "ROLLBACK"
        ),
        .simple(
            "BEGIN",
            "SET transaction_read_only = on",
            "SELECT 1",
            "UPDATE item SET note = note WHERE id = 2",
            "ROLLBACK"
        ),
        .simple(
            "SET default_transaction_read_only = on",
            "SELECT id FROM item WHERE id = 4",
            "UPDATE item SET note = note WHERE id = 2",
            "BEGIN READ WRITE",
            "UPDATE item SET note = note WHERE id = 2",
            "ROLLBACK",
            "RESET default_transaction_read_only",
            "UPDATE item SET note = note WHERE id = 2"
        ),
    ]
}
