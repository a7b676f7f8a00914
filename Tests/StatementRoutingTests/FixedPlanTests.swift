import Testing

@testable import StatementRouting

/// Whether PostgreSQL's plan for a statement may hang on the values that are bound.
struct FixedPlanTests {
    private static let context = ClassificationContext(
        facts: CatalogFacts(
            functions: [],
            relations: [RelationFact(schema: "public", name: "v", kind: .volatileView)],
            uniqueKeys: [
                UniqueKeyFact(schema: "public", table: "t", columns: ["id"]),
                UniqueKeyFact(schema: "public", table: "p", columns: ["a", "b"]),
                UniqueKeyFact(schema: "public", table: "v", columns: ["id"]),
                UniqueKeyFact(schema: "other", table: "elsewhere", columns: ["id"]),
            ],
            defaultSearchPath: SearchPath(schemas: ["public"]),
            generation: 1
        ),
        searchPath: SearchPath(schemas: ["public"])
    )

    @Test(
        arguments: [
            ("SELECT * FROM big WHERE s LIKE 'x%'", true), ("SELECT $1::int + 1", true),
            ("SELECT * FROM t WHERE id = $1", true), ("SELECT count(*) FROM t WHERE $1 = t.id AND x > $2", true),
            ("SELECT * FROM p WHERE a = $1 AND b = $2::int", true), ("SELECT * FROM p WHERE b = 3 AND a = $1", true),
            ("UPDATE t SET x = x + $1 WHERE id = $2", true), ("DELETE FROM t WHERE id = $1", true),
            ("INSERT INTO big VALUES ($1, $2)", true), ("INSERT INTO big VALUES (1, $1), ($2, 3) RETURNING *", true),
            ("INSERT INTO t (id) VALUES ($1) ON CONFLICT DO NOTHING", true), ("SELECT x + $1 FROM big", true),
            ("SELECT * FROM big WHERE s LIKE $1", false), ("SELECT * FROM t WHERE id > $1", false),
            ("SELECT * FROM t WHERE id = $1 OR x = $2", false), ("SELECT * FROM p WHERE a = $1", false),
            ("SELECT * FROM t, big WHERE t.id = $1", false), ("SELECT * FROM big WHERE state = $1", false),
            ("SELECT * FROM t WHERE id = $1 AND EXISTS (SELECT FROM big WHERE s = $2)", false),
            ("INSERT INTO big SELECT * FROM big WHERE s = $1", false), ("SELECT x FROM big LIMIT $1", false),
            ("SELECT * FROM v WHERE id = $1", false), ("SELECT * FROM elsewhere WHERE id = $1", false),
            ("SELECT * FROM other.elsewhere WHERE id = $1", true), ("SELECT * FROM big WHERE x IN (1, $1)", false),
            ("WITH w AS (SELECT * FROM big WHERE s = $1) SELECT * FROM w", false),
            ("UPDATE t SET x = 1 FROM big WHERE t.id = $1", false),
        ]
    )
    func isFixed(text: String, expected: Bool) {
        let classifier = StatementClassifier(cacheBytes: 1 << 20, seed: 7)
        for _ in 0..<3 {
            let found = classifier.classify(Array(text.utf8).span.bytes, in: Self.context)
            #expect(found.hasFixedPlan == expected)
        }
    }

    @Test("Texts that are drawn together are one to the cache, and still told apart")
    func hiddenParameters() {
        let classifier = StatementClassifier(cacheBytes: 1 << 20, seed: 7)
        for _ in 0..<3 {
            for (text, expected) in [
                ("SELECT 1 FROM b WHERE x IN (1, 2)", true), ("SELECT 1 FROM b WHERE x IN ($1)", false),
            ] {
                let found = classifier.classify(Array(text.utf8).span.bytes, in: Self.context)
                #expect(found.hasFixedPlan == expected, "\(text)")
            }
        }
    }
}
