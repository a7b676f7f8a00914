import Testing

@testable import StatementRouting

/// Which calls of `pg_backend_pid()` tell the client's number, and which stay the server's own.
struct ProcessCallsTests {
    private func exchanged(_ text: String, conforms: Bool = true) -> String {
        let bytes = Array(text.utf8)
        let found = ProcessCalls.replacements(
            in: bytes.span.bytes,
            number: 5_000_000,
            standardConformingStrings: conforms
        )
        return String(decoding: ProcessCalls.apply(found, to: bytes.span.bytes), as: UTF8.self)
    }

    private static let number = "(SELECT 5000000 AS pg_backend_pid)"

    @Test(
        "A call in a query tells the client's number",
        arguments: [
            ("SELECT pg_backend_pid()", "SELECT #"),
            ("select PG_Backend_Pid ( )", "select #"),
            ("SELECT pg_catalog.pg_backend_pid() AS pid", "SELECT # AS pid"),
            ("SELECT \"pg_backend_pid\"() p, 1", "SELECT # p, 1"),
            ("SELECT U&\"pg_backend_pid\"()", "SELECT #"),
            ("SELECT pg_backend_pid()::text, pg_backend_pid() + 1 FROM item", "SELECT #::text, # + 1 FROM item"),
            (
                "/* who */ SELECT 1 -- pg_backend_pid()\n, pg_backend_pid()",
                "/* who */ SELECT 1 -- pg_backend_pid()\n, #"
            ),
            ("(SELECT pg_backend_pid())", "(SELECT #)"),
            ("VALUES (pg_backend_pid())", "VALUES (#)"),
            ("WITH p AS (SELECT pg_backend_pid()) SELECT * FROM p", "WITH p AS (SELECT #) SELECT * FROM p"),
            (
                "INSERT INTO log VALUES (pg_backend_pid()) RETURNING pg_backend_pid()",
                "INSERT INTO log VALUES (#) RETURNING #"
            ),
            ("UPDATE item SET owner = pg_backend_pid() WHERE id = 1", "UPDATE item SET owner = # WHERE id = 1"),
            ("DELETE FROM log WHERE pid = pg_backend_pid()", "DELETE FROM log WHERE pid = #"),
            ("COPY (SELECT pg_backend_pid()) TO STDOUT", "COPY (SELECT #) TO STDOUT"),
            ("DECLARE c CURSOR FOR SELECT pg_backend_pid()", "DECLARE c CURSOR FOR SELECT #"),
            ("CREATE TEMP TABLE mine AS SELECT pg_backend_pid()", "CREATE TEMP TABLE mine AS SELECT #"),
            ("SELECT 'pg_backend_pid()', pg_backend_pid()", "SELECT 'pg_backend_pid()', #"),
            ("SELECT a IS DISTINCT FROM pg_backend_pid() FROM item", "SELECT a IS DISTINCT FROM # FROM item"),
            (
                "SELECT substring('abcdef' FROM pg_backend_pid()) FROM item",
                "SELECT substring('abcdef' FROM #) FROM item"
            ),
            ("SELECT * FROM generate_series(1, pg_backend_pid())", "SELECT * FROM generate_series(1, #)"),
            ("SELECT * FROM item ORDER BY pg_backend_pid(), 1", "SELECT * FROM item ORDER BY #, 1"),
            ("SELECT 1; SELECT pg_backend_pid(); SELECT 2", "SELECT 1; SELECT #; SELECT 2"),
        ]
    )
    func tells(text: String, expected: String) {
        #expect(exchanged(text) == expected.replacing("#", with: Self.number))
    }

    @Test(
        "What only a window function or an aggregate may be followed by is the server's to refuse",
        arguments: [
            "SELECT pg_backend_pid() OVER ()", "SELECT pg_backend_pid() over w FROM item WINDOW w AS ()",
            "SELECT pg_backend_pid() FILTER (WHERE true)", "CALL p(pg_backend_pid() OVER ())",
        ]
    )
    func noWindowFunction(text: String) {
        #expect(exchanged(text) == text)
        let asTable = "SELECT * FROM pg_backend_pid() over"
        #expect(exchanged(asTable) == "SELECT * FROM pg_catalog.abs(5000000) over")
    }

    @Test(
        "Where no sub-select can stand, another expression does",
        arguments: [
            ("CALL note(pg_backend_pid())", "CALL note(5000000::pg_catalog.int4)"),
            ("CALL note((SELECT pg_backend_pid()))", "CALL note((SELECT \(number)))"),
            (
                "COPY log FROM STDIN WHERE pid = pg_backend_pid()",
                "COPY log FROM STDIN WHERE pid = 5000000::pg_catalog.int4"
            ),
            ("SELECT * FROM pg_backend_pid()", "SELECT * FROM pg_catalog.abs(5000000) AS pg_backend_pid"),
            (
                "SELECT * FROM pg_backend_pid() WHERE true",
                "SELECT * FROM pg_catalog.abs(5000000) AS pg_backend_pid WHERE true"
            ),
            ("SELECT p FROM pg_catalog.pg_backend_pid() p", "SELECT p FROM pg_catalog.abs(5000000) p"),
            ("SELECT p FROM item, pg_backend_pid() AS p", "SELECT p FROM item, pg_catalog.abs(5000000) AS p"),
            (
                "SELECT * FROM item JOIN pg_backend_pid() ON true",
                "SELECT * FROM item JOIN pg_catalog.abs(5000000) AS pg_backend_pid ON true"
            ),
            (
                "SELECT * FROM pg_backend_pid() WITH ORDINALITY",
                "SELECT * FROM pg_catalog.abs(5000000) WITH ORDINALITY AS pg_backend_pid"
            ),
            (
                "SELECT * FROM pg_backend_pid() with ordinality, item WHERE true",
                "SELECT * FROM pg_catalog.abs(5000000) with ordinality AS pg_backend_pid, item WHERE true"
            ),
            (
                "SELECT * FROM pg_backend_pid() WITH ORDINALITY AS t(a, b)",
                "SELECT * FROM pg_catalog.abs(5000000) WITH ORDINALITY AS t(a, b)"
            ),
            (
                "SELECT * FROM pg_backend_pid() WITH ORDINALITY t JOIN pg_backend_pid() ON true",
                "SELECT * FROM pg_catalog.abs(5000000) WITH ORDINALITY t "
                    + "JOIN pg_catalog.abs(5000000) AS pg_backend_pid ON true"
            ),
            (
                "SELECT * FROM ROWS FROM (pg_backend_pid(), now())",
                "SELECT * FROM ROWS FROM (pg_catalog.json_to_record('{\"pg_backend_pid\":5000000}') "
                    + "AS (pg_backend_pid pg_catalog.int4), now())"
            ),
            ("EXECUTE p(pg_backend_pid(), 1)", "EXECUTE p(5000000::pg_catalog.int4, 1)"),
            (
                "CREATE TABLE t AS EXECUTE p(pg_backend_pid())",
                "CREATE TABLE t AS EXECUTE p(5000000::pg_catalog.int4)"
            ),
        ]
    )
    func withoutSubselect(text: String, expected: String) {
        #expect(exchanged(text) == expected)
    }

    @Test(
        "What shows or signals servers, and what is only written down, keeps the server's",
        arguments: [
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
            "SELECT pg_backend_pid() FROM pg_catalog.pg_locks",
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            "SELECT pg_blocking_pids(pg_backend_pid())", "SELECT pg_backend_pid(), * FROM \"pg_stat_replication\"",
            "SELECT pid, pg_backend_pid() FROM pg_stat_gssapi", "SELECT pg_backend_pid() FROM pg_prepared_xacts",
            "SELECT pg_stat_get_backend_pid(1) = pg_backend_pid()",
            "SELECT active_pid = pg_backend_pid() FROM pg_replication_slots",
            "WITH me AS (SELECT pg_backend_pid() AS pid) SELECT * FROM pg_stat_activity JOIN me USING (pid)",
            "SELECT pg_terminate_backend(pg_backend_pid()) FROM item",
            "EXPLAIN SELECT pg_backend_pid()", "CREATE VIEW who AS SELECT pg_backend_pid()",
            "CREATE MATERIALIZED VIEW who AS SELECT pg_backend_pid()",
            "CREATE TABLE t (p int DEFAULT pg_backend_pid())",
            "ALTER TABLE t ALTER p SET DEFAULT pg_backend_pid()", "PREPARE p AS SELECT pg_backend_pid()",
            "DO $$ BEGIN PERFORM pg_backend_pid(); END $$", "CREATE FUNCTION f() RETURNS int RETURN pg_backend_pid()",
            "SELECT my.pg_backend_pid()", "SELECT db.pg_catalog.pg_backend_pid()", "SELECT pg_backend_pid(1)",
            "SELECT pg_backend_pid", "SELECT \"PG_BACKEND_PID\"()",
            "SELECT * FROM ROWS FROM (pg_backend_pid() AS (a int))", "EXPLAIN EXECUTE p(pg_backend_pid())",
            "SELECT pg_backend_pid() 'without an end",
        ]
    )
    func staysTheServers(text: String) {
        #expect(exchanged(text) == text)
    }

    @Test("Each of several statements is looked at by itself")
    func severalStatements() {
        let shows = "SELECT count(*) FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        #expect(exchanged("SELECT pg_backend_pid(); \(shows)") == "SELECT \(Self.number); \(shows)")
        #expect(exchanged("\(shows); SELECT pg_backend_pid()") == "\(shows); SELECT \(Self.number)")
    }

    @Test("Quotes end where the session's settings say")
    func quotes() {
        let text = "SELECT 'a\\', pg_backend_pid(), '"
        #expect(exchanged(text, conforms: false) == text)
        #expect(exchanged("SELECT 'a\\', pg_backend_pid(), ''") == "SELECT 'a\\', \(Self.number), ''")
    }

    @Test(
        "Only calls that are made now count",
        arguments: [
            ("SELECT pg_backend_pid()", SessionEffects.readsProcess),
            ("INSERT INTO item (id) VALUES (pg_backend_pid())", .readsProcess),
            ("SELECT pg_cancel_backend(1)", .signalsProcess),
            ("SELECT pg_terminate_backend(pg_backend_pid())", .readsProcess | .signalsProcess),
            ("SELECT my.pg_backend_pid()", SessionEffects()),
            ("CREATE VIEW who AS SELECT pg_backend_pid()", SessionEffects()),
        ]
    )
    func effects(text: String, expected: SessionEffects) {
        let bytes = Array(text.utf8)
        let classifier = StatementClassifier(cacheBytes: 1 << 16, seed: 1)
        let context = ClassificationContext(facts: .builtin, searchPath: nil)
        let found = classifier.classifyAfresh(bytes.span.bytes, in: context).effects
        #expect(found.intersection(.readsProcess | .signalsProcess) == expected)
    }
}

/// Statements that signal one session, and nothing else.
struct SignalCallTests {
    private func find(_ text: String) -> SignalCall? {
        SignalCall.find(in: Array(text.utf8).span.bytes, standardConformingStrings: true)
    }

    @Test(
        arguments: [
            ("SELECT pg_cancel_backend(5000000)", SignalCall.Kind.cancel, SignalCall.Target.number(5_000_000)),
            ("select pg_catalog.pg_terminate_backend ( '5000000' ) ;", .terminate, .number(5_000_000)),
            ("SELECT pg_terminate_backend($1)", .terminate, .parameter(1)),
            ("SELECT pg_terminate_backend($2::int4, $1) AS ended", .terminate, .parameter(2)),
            ("SELECT pg_terminate_backend(5000000, 1000) \"ended\"", .terminate, .number(5_000_000)),
            ("SELECT pg_cancel_backend(pg_backend_pid())", .cancel, .own),
            ("SELECT pg_terminate_backend(pg_catalog.pg_backend_pid()) done", .terminate, .own),
        ]
    )
    func isFound(text: String, kind: SignalCall.Kind, target: SignalCall.Target) throws {
        let found = try #require(find(text))
        #expect(found.kind == kind && found.target == target)
        let bytes = Array(text.utf8)
        let call = String(decoding: bytes[found.range], as: UTF8.self)
        #expect(call.hasPrefix("pg_") && call.hasSuffix(")"))
    }

    @Test(arguments: [
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "SELECT pg_terminate_backend(5000000) FROM item",
        "SELECT pg_terminate_backend(5000000) WHERE false", "SELECT pg_terminate_backend(5000000), 1",
        "SELECT 1, pg_terminate_backend(5000000)", "SELECT NOT pg_terminate_backend(5000000)",
        "SELECT pg_terminate_backend(5000000) AND false", "SELECT pg_terminate_backend(5000000); SELECT 1",
        "SELECT pg_terminate_backend(-5000000)", "SELECT pg_terminate_backend(5000000, -1)",
        "SELECT my.pg_terminate_backend(5000000)", "SELECT pg_terminate_backend(1 + 5000000)",
        "SELECT pg_cancel_backend(5000000, 1)", "EXPLAIN SELECT pg_cancel_backend(5000000)",
        "SELECT pg_terminate_backend(5.5)", "SELECT pg_terminate_backend($1::my.type)", "",
    ])
    func isAnotherStatement(text: String) {
        #expect(find(text) == nil)
    }
}
