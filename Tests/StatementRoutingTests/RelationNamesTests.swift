import Testing

@testable import StatementRouting

/// Which names a class remembers: of what a read reads, and of what a definition may make in the temporary schema.
@Suite struct RelationNamesTests {
    private static func names(_ names: [String]) -> RelationNames {
        names.reduce(into: .none) { $0.insert($1) }
    }

    @Test func aSetHasWhatWasPutIn() {
        let one = Self.names(["item"])
        #expect(!one.isEmpty && !one.isEverything)
        #expect(!one.isDisjoint(with: Self.names(["other", "item"])))
        #expect(!one.isDisjoint(with: .everything))
        #expect(one.isDisjoint(with: .none))
        let others = (0..<1000).filter { Self.names(["table_\($0)"]).isDisjoint(with: one) }
        #expect(others.count > 950, "one bit of 64 in common is chance")
    }

    @Test func theClassStaysSmall() {
        #expect(MemoryLayout<StatementClass>.size <= 24)
    }

    private static let reads: [(String, [String])] = [
        ("SELECT 1", []),
        ("SELECT * FROM item", ["item"]),
        ("SELECT * FROM Public.Item, \"Mixed\"", ["item", "Mixed"]),
        ("SELECT * FROM a JOIN b USING (x) LEFT JOIN (SELECT * FROM c) d ON true", ["a", "b", "c"]),
        ("WITH w AS (SELECT * FROM a) SELECT * FROM w WHERE EXISTS (SELECT FROM b)", ["a", "b", "w"]),
        ("TABLE item", ["item"]),
        ("SELECT x::item, '{}'::thing[] FROM other", ["item", "thing", "other"]),
        ("SELECT count(*)::int FROM item", ["item"]),
        ("COPY item TO STDOUT", ["item"]),
        ("COPY (SELECT * FROM item) TO STDOUT", ["item"]),
        ("EXPLAIN SELECT * FROM item", ["item"]),
        ("SELECT lower(a), now(), pg_sleep(1) FROM item", ["item"]),
        ("SHOW work_mem", []),
        ("VALUES (1), (2)", []),
    ]

    @Test(arguments: reads)
    func whatAReadReads(text: String, names: [String]) {
        let found = RoutingFixture.classify(text)
        #expect(found.access == .read)
        #expect(found.relationNames == Self.names(names))
    }

    @Test(arguments: [
        "SELECT 'item'::regclass", "SELECT * FROM pg_class", "SELECT * FROM information_schema.tables",
        "SELECT pg_catalog.pg_table_is_visible(1)", "SELECT to_regclass($1)", "SELECT lookup(1)", "SELECT pure(1)",
        "SELECT has_table_privilege('item', 'select')", "SELECT current_schemas(true)", "SELECT format_type(1, 2)",
        "SELECT pg_backend_pid()", "SELECT table_to_xml('item', true, false, '')", "SELECT public.pure(1) FROM item",
    ])
    func whatLooksAtItsSession(text: String) {
        let found = RoutingFixture.classify(text)
        #expect(found.access == .read)
        #expect(found.relationNames.isEverything)
    }

    private static let definitions: [(String, [String])] = [
        ("CREATE TEMP TABLE a (x int)", ["a"]),
        ("CREATE TEMP TABLE a AS SELECT * FROM item", ["a"]),
        ("CREATE TABLE pg_temp.a (x int)", ["a"]),
        ("SELECT x INTO TEMPORARY a FROM item", ["a"]),
        ("CREATE TEMP SEQUENCE a", ["a"]),
        ("CREATE TEMP VIEW a AS SELECT * FROM b", ["a", "b"]),
        ("CREATE VIEW a AS SELECT * FROM b", ["a", "b"]),
        ("CREATE TEMP TABLE a (x int); CREATE TEMP TABLE b (x int)", ["a", "b"]),
        ("INSERT INTO pg_temp.a SELECT * FROM item", ["a"]),
        ("CREATE TABLE item (x int)", []),
        ("DROP TABLE a", []),
        ("CREATE INDEX ON a (x)", []),
    ]

    @Test(arguments: definitions)
    func whatADefinitionMakes(text: String, names: [String]) {
        let found = RoutingFixture.classify(text)
        #expect(!found.effects.isDisjoint(with: .mayMakeTemporary))
        #expect(found.relationNames == Self.names(names))
    }

    @Test(arguments: [
        "DO 'BEGIN END'", "CALL p()", "SELECT touch()", "SELECT nosuch()", "ALTER TABLE a RENAME TO item", "LOAD 'x'",
        "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE TYPE pg_temp.t AS ENUM ('a')",
        "CREATE TEMP TABLE a AS SELECT touch()", "DROP TABLE a; DO 'BEGIN END'",
    ])
    func whatMayMakeAnything(text: String) {
        let found = RoutingFixture.classify(text)
        #expect(!found.effects.isDisjoint(with: .mayMakeTemporary))
        #expect(found.relationNames.isEverything)
    }

    @Test func withTheTemporarySchemaInFrontAllThatIsMadeMayBeTemporary() {
        let path = SearchPath(schemas: ["pg_temp", "public"])
        let context = ClassificationContext(facts: RoutingFixture.facts, searchPath: path)
        #expect(RoutingFixture.classify("CREATE TABLE a (x int)", in: context).relationNames.isEverything)
    }
}
