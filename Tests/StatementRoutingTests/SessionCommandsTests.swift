import Testing

@testable import StatementRouting

@Suite struct SessionCommandsTests {
    /// A call that may be made or not.
    private static let unsure = SessionCommand.setConfig([
        ConfigAssignment(name: .text("a"), value: .computed, isLocal: false)
    ])

    private static func string(_ text: String) -> SettingLiteral { SettingLiteral(kind: .string, text: text) }

    private static func logins(_ roles: [String], of databases: [String] = []) -> SessionCommand {
        .cluster(.changesLogins(roles: roles, databases: databases))
    }

    private static func claim(_ database: String, isForced: Bool = false) -> SessionCommand {
        .cluster(.claimsDatabase(database, isForced: isForced))
    }

    static let clusterTable: [(String, SessionCommand)] = [
        ("DROP DATABASE Shop", claim("shop")),
        ("drop database if exists \"Shop 1\"", claim("Shop 1")),
        ("DROP DATABASE shop WITH (FORCE)", claim("shop", isForced: true)),
        ("DROP DATABASE shop (force)", claim("shop", isForced: true)),
        ("ALTER DATABASE \"A\" RENAME TO b", claim("A")),
        ("ALTER DATABASE shop SET TABLESPACE fast", claim("shop")),
        ("CREATE DATABASE x", claim("template1")),
        ("CREATE DATABASE x TEMPLATE Shop", claim("shop")),
        ("CREATE DATABASE x WITH OWNER = app TEMPLATE = 'Shop' ENCODING 'UTF8'", claim("Shop")),
        ("CREATE DATABASE x TEMPLATE DEFAULT", claim("template1")),
        ("ALTER DATABASE shop SET TimeZone = 'UTC'", logins([], of: ["shop"])),
        ("ALTER DATABASE shop RESET ALL", logins([], of: ["shop"])),
        ("ALTER DATABASE shop ALLOW_CONNECTIONS false", logins([], of: ["shop"])),
        ("ALTER DATABASE shop CONNECTION LIMIT 3", logins([], of: ["shop"])),
        ("REVOKE CONNECT ON DATABASE shop, \"B\" FROM public", logins([], of: ["shop", "B"])),
        ("GRANT CONNECT ON DATABASE shop TO app", logins([], of: ["shop"])),
        ("CREATE ROLE App", logins(["app"])),
        ("CREATE USER app PASSWORD 'x'", logins(["app"])),
        ("ALTER ROLE \"App\" NOLOGIN", logins(["App"])),
        ("ALTER USER app PASSWORD 'secret'", logins(["app"])),
        ("ALTER ROLE app SET work_mem = '7MB'", logins(["app"])),
        ("ALTER ROLE app IN DATABASE shop SET work_mem = '7MB'", logins(["app"])),
        ("ALTER ROLE app RENAME TO b", logins(["app", "b"])),
        ("ALTER ROLE ALL SET work_mem = '7MB'", logins([])),
        ("ALTER ROLE CURRENT_USER SET work_mem = '7MB'", logins([])),
        ("DROP ROLE IF EXISTS a, b", logins(["a", "b"])),
        ("DROP OWNED BY a", logins(["a"])),
        ("GRANT readers TO a, b", logins(["a", "b"])),
        ("GRANT SELECT ON t TO a", .other),
        ("ALTER TABLE a RENAME TO b", .other),
    ]

    @Test(arguments: clusterTable) func rolesAndDatabases(text: String, expected: SessionCommand) {
        let parsed = SessionCommands.parse(Array(text.utf8).span.bytes, standardConformingStrings: true)
        #expect(parsed?.map(\.command) == [expected])
        // The class says whether it is worth a look.
        let classifier = StatementClassifier(cacheBytes: 1 << 20, seed: 1)
        let found = classifier.classify(
            Array(text.utf8).span.bytes,
            in: ClassificationContext(facts: .builtin, searchPath: nil)
        )
        #expect(found.effects.contains(.clusterCommand) == (expected != .other))
    }

    static let table: [(String, SessionCommand)] = [
        ("BEGIN", .begin(TransactionOptions())),
        (
            "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE",
            .begin(TransactionOptions(isolation: .serializable, readOnly: true, deferrable: true))
        ),
        (
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE NOT DEFERRABLE",
            .begin(TransactionOptions(isolation: .repeatableRead, readOnly: false, deferrable: false))
        ),
        ("COMMIT", .commit(chain: false)),
        ("COMMIT AND CHAIN", .commit(chain: true)),
        ("ROLLBACK AND CHAIN", .rollback(chain: true)),
        ("SAVEPOINT A", .savepoint("a")),
        ("RELEASE SAVEPOINT \"A\"", .releaseSavepoint("A")),
        ("ROLLBACK TO SAVEPOINT a", .rollbackToSavepoint("a")),
        ("PREPARE TRANSACTION 'it''s'", .prepareTransaction("it's")),
        ("COMMIT PREPARED 'x'", .commitPrepared("x")),
        ("ROLLBACK PREPARED 'x'", .rollbackPrepared("x")),
        ("SET TRANSACTION READ ONLY", .setTransaction(TransactionOptions(readOnly: true))),
        ("SET TRANSACTION SNAPSHOT 'a-b'", .setTransaction(TransactionOptions(snapshot: "a-b"))),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
            .setSessionCharacteristics(TransactionOptions(isolation: .readCommitted))
        ),
        ("SET Work_Mem = '1MB'", .set(name: "work_mem", value: .list([string("1MB")]), isLocal: false)),
        ("SET SESSION a.B TO on", .set(name: "a.b", value: .list([string("on")]), isLocal: false)),
        (
            "SET LOCAL statement_timeout = -5",
            .set(
                name: "statement_timeout",
                value: .list([SettingLiteral(kind: .number, text: "-5")]),
                isLocal: true
            )
        ),
        (
            "SET x = 1.50", .set(name: "x", value: .list([SettingLiteral(kind: .number, text: "1.50")]), isLocal: false)
        ),
        (
            "SET search_path = \"$user\", Public, 'Q'",
            .set(
                name: "search_path",
                value: .list([string("$user"), string("public"), string("Q")]),
                isLocal: false
            )
        ),
        ("SET search_path = ''", .set(name: "search_path", value: .list([string("")]), isLocal: false)),
        ("SET x TO DEFAULT", .set(name: "x", value: .default, isLocal: false)),
        ("SET TIME ZONE 'UTC'", .set(name: "timezone", value: .list([string("UTC")]), isLocal: false)),
        ("SET TIME ZONE LOCAL", .set(name: "timezone", value: .default, isLocal: false)),
        (
            "SET TIME ZONE INTERVAL '-8' HOUR TO MINUTE",
            .set(
                name: "timezone",
                value: .list([SettingLiteral(kind: .interval, text: "-8")]),
                isLocal: false
            )
        ),
        ("SET NAMES 'latin1'", .set(name: "client_encoding", value: .list([string("latin1")]), isLocal: false)),
        ("SET ROLE R", .set(name: "role", value: .list([string("r")]), isLocal: false)),
        ("SET ROLE NONE", .set(name: "role", value: .list([string("none")]), isLocal: false)),
        (
            "SET SESSION AUTHORIZATION 'x'",
            .set(name: "session_authorization", value: .list([string("x")]), isLocal: false)
        ),
        ("SET howdah.route = 'replica'", .set(name: "howdah.route", value: .list([string("replica")]), isLocal: false)),
        ("RESET work_mem", .reset("work_mem")),
        ("RESET TIME ZONE", .reset("timezone")),
        ("RESET ALL", .resetAll),
        ("DISCARD ALL", .discard(.all)),
        ("DISCARD PLANS", .discard(.plans)),
        ("DISCARD SEQUENCES", .discard(.sequences)),
        ("DISCARD TEMP", .discard(.temporary)),
        (
            "SELECT set_config('A.b', 'c', false)",
            .setConfig([ConfigAssignment(name: "a.b", value: "c", isLocal: false)])
        ),
        (
            "SELECT pg_catalog.set_config('a', NULL, true), set_config('b', '', 'f')",
            .setConfig([
                ConfigAssignment(name: "a", value: nil, isLocal: true),
                ConfigAssignment(name: "b", value: "", isLocal: false),
            ])
        ),
        (
            "SELECT set_config('a', $1, false)",
            .setConfig([ConfigAssignment(name: .text("a"), value: .parameter(1), isLocal: false)])
        ),
        (
            "SELECT set_config($1, $2::text, $3)",
            .setConfig([ConfigAssignment(name: .parameter(1), value: .parameter(2), isLocal: nil)])
        ),
        ("SELECT set_config('A', 'b', false) FROM t", Self.unsure),
        ("SELECT set_config('a', 'b', false), 1", Self.unsure),
        ("SELECT DISTINCT set_config('a', 'b', false)", Self.unsure),
        ("INSERT INTO t SELECT set_config('a', 'b' || x, false) FROM u", Self.unsure),
        (
            "SELECT set_config(n, v, false) FROM t",
            .setConfig([ConfigAssignment(name: .computed, value: .computed, isLocal: false)])
        ),
        ("SELECT other.set_config('a', 'b', false)", .other),
        ("UPDATE pg_settings SET setting = 'x' WHERE name = 'work_mem'", .updateSettings),
        ("WITH x AS (UPDATE pg_catalog.pg_settings SET setting = 'x' RETURNING 1) SELECT 1", .updateSettings),
        ("UPDATE t SET setting = 'x' FROM pg_settings", .other),
        ("SHOW Work_Mem", .show("work_mem")),
        ("SHOW ALL", .showAll),
        ("PREPARE P AS SELECT $1", .prepare(name: "p", types: [], text: "SELECT $1")),
        (
            "PREPARE \"as\" (int, numeric(10, 2) , timestamp with time zone) AS  SELECT 'a AS b', $1 ",
            .prepare(
                name: "as",
                types: ["int", "numeric(10, 2) ", "timestamp with time zone"],
                text: "SELECT 'a AS b', $1 "
            )
        ),
        ("EXECUTE p", .execute(name: "p", argumentsText: "")),
        ("EXECUTE p (1, f(2), ')')", .execute(name: "p", argumentsText: "1, f(2), ')'")),
        ("DEALLOCATE PREPARE p", .deallocate("p")),
        ("DEALLOCATE ALL", .deallocate(nil)),
        ("LISTEN Ch", .listen("ch")),
        ("LISTEN \"Ch\"", .listen("Ch")),
        ("UNLISTEN ch", .unlisten("ch")),
        ("UNLISTEN *", .unlisten(nil)),
        ("NOTIFY ch", .notify(channel: "ch", payload: "")),
        ("NOTIFY ch, 'x'", .notify(channel: "ch", payload: "x")),
        ("DECLARE c CURSOR FOR SELECT 1", .declareCursor(name: "c", options: cursor([]))),
        (
            "DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT 1",
            .declareCursor(name: "c", options: cursor([.binary, .scroll, .hold]))
        ),
        ("FETCH 5 FROM c", .fetch("c")),
        ("MOVE c", .fetch("c")),
        ("CLOSE c", .closeCursor("c")),
        ("CLOSE ALL", .closeCursor(nil)),
        ("LOAD 'lib'", .load("lib")),
        ("CREATE TEMP TABLE t (a int)", .createTemporary(kind: .table, name: "t")),
        ("CREATE TEMP TABLE t AS SELECT 1", .createTemporary(kind: .table, name: "t")),
        ("CREATE TEMPORARY VIEW v AS SELECT 1", .createTemporary(kind: .view, name: "v")),
        ("CREATE TEMP SEQUENCE s", .createTemporary(kind: .sequence, name: "s")),
        ("CREATE TABLE t (a int)", .other),
        ("LOCK t", .lockTable),
        ("SELECT 1", .other),
        ("INSERT INTO t VALUES (1)", .other),
    ]

    /// The grammar always says something of sensitivity and of the plan to choose; only what a session knows is
    /// compared.
    private static let known: CursorOptions = [.binary, .scroll, .noScroll, .insensitive, .hold]

    private static func cursor(_ options: CursorOptions) -> CursorOptions { options }

    @Test func everyCommandIsRead() {
        for (text, expected) in Self.table {
            var found = RoutingFixture.parse(text)
            if case .declareCursor(let name, let options) = found?.first {
                found = [.declareCursor(name: name, options: options.intersection(Self.known))]
            }
            #expect(found == [expected], "\(text)")
        }
    }

    @Test func settingsHaveTheTextThatTheServerWouldShow() throws {
        func text(_ statement: String) throws -> String? {
            guard case .set(let name, let value, _) = try #require(RoutingFixture.parse(statement)).first else {
                return nil
            }
            return value.text(for: name)
        }
        #expect(try text("SET search_path = a, \"B c\", \"d\"\"e\", $$f$$") == "a, \"B c\", \"d\"\"e\", f")
        #expect(try text("SET search_path = ''") == "\"\"")
        #expect(try text("SET DateStyle = ISO, MDY") == "iso, mdy")
        #expect(try text("SET work_mem = '64MB'") == "64MB")
        #expect(try text("SET x = 5") == "5")
        #expect(try text("SET TIME ZONE INTERVAL '2' HOUR") == "INTERVAL '2'")
        #expect(try text("SET x TO DEFAULT") == nil)
    }

    @Test func statementsComeWithTheirPlaces() throws {
        let text = "SET a.b = 'x'; /* c */ SELECT 'é;' ; COMMIT;"
        let bytes = Array(text.utf8)
        let parsed = SessionCommands.parse(bytes.span.bytes, standardConformingStrings: true)
        let commands = try #require(parsed)
        let texts = commands.map { command in
            String(String(decoding: bytes[command.range], as: UTF8.self).drop { $0.isWhitespace })
        }
        #expect(texts.count == 3)
        #expect(texts[0] == "SET a.b = 'x'")
        #expect(texts[1].hasSuffix("SELECT 'é;' "))
        #expect(texts[2] == "COMMIT")
        #expect(commands[2].command == .commit(chain: false))
    }

    @Test func backslashesMeanWhatTheSessionSaysTheyMean() throws {
        let text = #"SET a.b = 'x\'y'; SET c.d = 'z\\'; PREPARE p AS SELECT '\''; NOTIFY n, E'\t'"#
        let bytes = Array(text.utf8)
        let parsed = SessionCommands.parse(bytes.span.bytes, standardConformingStrings: false)
        let commands = try #require(parsed)
        #expect(
            commands.map(\.command) == [
                .set(name: "a.b", value: .list([Self.string("x'y")]), isLocal: false),
                .set(name: "c.d", value: .list([Self.string(#"z\"#)]), isLocal: false),
                .prepare(name: "p", types: [], text: #"SELECT '\''"#),
                .notify(channel: "n", payload: "\t"),
            ]
        )
        #expect(String(decoding: bytes[commands[1].range], as: UTF8.self).hasSuffix(#"SET c.d = 'z\\'"#))
        #expect(
            RoutingFixture.parse(#"SET a.b = 'x\'"#) == [
                .set(name: "a.b", value: .list([Self.string(#"x\"#)]), isLocal: false)
            ]
        )
    }

    @Test func whatCannotBeReadIsNil() {
        for text in ["SELEC", "SET", "SELECT 'x", "SELECT \(String(repeating: "(", count: 5000))1", "SET a.b = '\0'"] {
            #expect(RoutingFixture.parse(text) == nil, "\(text.prefix(20))")
        }
        let latin1: [UInt8] = Array("SET a.b = '".utf8) + [0xE9] + Array("'".utf8)
        let refused = SessionCommands.parse(latin1.span.bytes, standardConformingStrings: true)
        #expect(refused == nil)
        #expect(RoutingFixture.parse("") == [])
        #expect(RoutingFixture.parse(" ;; ") == [])
    }

    @Test func explainRouteTellsItsStatement() {
        let text = "/* a */ EXPLAIN -- b\n Route SELECT 1"
        let bytes = Array(text.utf8)
        let range = SessionCommands.explainRouteBody(bytes.span.bytes)
        #expect(range.map { String(decoding: bytes[$0], as: UTF8.self) } == " SELECT 1")
        for other in ["EXPLAIN SELECT 1", "EXPLAIN \"route\" SELECT 1", ""] {
            let body = SessionCommands.explainRouteBody(Array(other.utf8).span.bytes)
            #expect(body == nil)
        }
    }
}
