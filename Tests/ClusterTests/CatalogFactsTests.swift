import StatementRouting
import Testing

@testable import Cluster

/// Rows, turned into facts, as the classifier understands them.
@Suite struct CatalogFactsTests {
    private static func function(
        _ schema: String,
        _ name: String,
        _ arguments: Int,
        defaults: Int = 0,
        isVariadic: Bool = false,
        _ volatility: FunctionRow.Volatility
    ) -> FunctionRow {
        FunctionRow(
            schema: schema,
            name: name,
            kind: .function,
            arguments: arguments,
            defaults: defaults,
            isVariadic: isVariadic,
            volatility: volatility,
            acceptsRow: false
        )
    }

    private static let rows = CatalogRows(
        functions: [
            function("public", "look", 1, .stable), function("anna", "look", 1, .volatile),
            function("public", "many", 1, isVariadic: true, .stable),
            function("public", "few", 3, defaults: 2, .volatile), function("public", "few", 0, .immutable),
        ],
        relations: [
            RelationRow(schema: "public", name: "scratch", reaches: [.unlogged]),
            RelationRow(schema: "public", name: "far", reaches: [.foreign]),
            RelationRow(schema: "public", name: "counter", reaches: [.sequence]),
            RelationRow(schema: "public", name: "mixed", reaches: [.foreign, .sequence]),
        ],
        volatileOperators: [OperatorRow(schema: "public", name: "<<<!")],
        volatileTypes: [TypeRow(schema: "public", name: "wild")],
        searchPaths: RoleSettingRows(ofDatabase: #""$user", public"#),
        isolations: RoleSettingRows(ofDatabase: "read committed")
    )

    @Test(arguments: [
        ("SELECT look(1)", "bert", Access.read, RouteReason.plainRead),
        ("SELECT look(1)", "anna", .write, .volatileFunction),
        ("SELECT many(1, 2, 3)", "bert", .read, .plainRead),
        ("SELECT few()", "bert", .read, .plainRead),
        ("SELECT few(1)", "bert", .write, .volatileFunction),
        ("SELECT few(1, 2, 3)", "bert", .write, .volatileFunction),
        ("SELECT * FROM scratch", "bert", .write, .unloggedTable),
        ("SELECT * FROM far", "bert", .write, .foreignTable),
        ("SELECT * FROM counter", "bert", .write, .sequenceRelation),
        ("SELECT * FROM mixed", "bert", .write, .volatileView),
        ("SELECT * FROM other", "bert", .read, .plainRead),
    ])
    func classes(_ text: String, _ role: String, _ access: Access, _ reason: RouteReason) {
        let facts = CatalogFacts(rows: Self.rows, role: role, generation: 3)
        let context = ClassificationContext(facts: facts, searchPath: facts.defaultSearchPath)
        let classifier = StatementClassifier(cacheBytes: 1 << 20, seed: 1)
        let found = classifier.classify(Array(text.utf8).span.bytes, in: context)
        #expect(found.access == access)
        #expect(found.reason == reason)
        #expect(facts.generation == 3)
    }

    @Test func aViewOfForeignTablesFollowsTheirSetting() {
        let facts = CatalogFacts(rows: Self.rows, role: "bert", generation: 1)
        let context = ClassificationContext(
            facts: facts,
            searchPath: facts.defaultSearchPath,
            policy: RoutingPolicy(foreignTablesOnReplica: true)
        )
        let classifier = StatementClassifier(cacheBytes: 1 << 20, seed: 1)
        #expect(classifier.classify(Array("SELECT * FROM far".utf8).span.bytes, in: context).access == .read)
        #expect(classifier.classify(Array("SELECT * FROM mixed".utf8).span.bytes, in: context).access == .write)
    }

    @Test(arguments: [("<<<!", "SELECT 1 <<<! 2"), ("wild", "SELECT 1::wild")])
    func whatCallsAVolatileFunctionUnnamedIsNoRead(_ what: String, _ text: String) {
        let facts = CatalogFacts(rows: Self.rows, role: "bert", generation: 1)
        let context = ClassificationContext(facts: facts, searchPath: facts.defaultSearchPath)
        let classifier = StatementClassifier(cacheBytes: 1 << 20, seed: 1)
        #expect(classifier.classify(Array(text.utf8).span.bytes, in: context).access == .write, "\(what)")
    }
}
