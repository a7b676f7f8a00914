import Foundation

@testable import StatementRouting

/// Facts, contexts and short cuts that the tests share.
enum RoutingFixture {
    static let publicPath = SearchPath(setting: "\"$user\", public", user: "app")
    static let otherPath = SearchPath(schemas: ["other", "public"])

    static let facts = CatalogFacts(
        functions: [
            function("touch", 0),
            function("pure", 1, volatility: .immutable),
            function("lookup", 1, volatility: .stable),
            function("overloaded", 1, volatility: .stable),
            function("overloaded", 2),
            FunctionFact(
                schema: "public",
                name: "spread",
                minimumArguments: 1,
                maximumArguments: nil,
                volatility: .volatile
            ),
            FunctionFact(
                schema: "public",
                name: "defaulted",
                minimumArguments: 1,
                maximumArguments: 3,
                volatility: .volatile
            ),
            FunctionFact(
                schema: "public",
                name: "defaulted",
                minimumArguments: 0,
                maximumArguments: 0,
                volatility: .stable
            ),
            FunctionFact(
                schema: "public",
                name: "fullname",
                minimumArguments: 1,
                maximumArguments: 1,
                volatility: .volatile,
                acceptsRow: true
            ),
            FunctionFact(
                schema: "other",
                name: "tricky",
                minimumArguments: 0,
                maximumArguments: 0,
                volatility: .volatile
            ),
            FunctionFact(
                schema: "public",
                name: "tricky",
                minimumArguments: 0,
                maximumArguments: 0,
                volatility: .immutable
            ),
            FunctionFact(
                schema: "other",
                name: "lower",
                minimumArguments: 1,
                maximumArguments: 1,
                volatility: .volatile
            ),
            FunctionFact(
                schema: "app",
                name: "mine",
                minimumArguments: 0,
                maximumArguments: 0,
                volatility: .volatile
            ),
            function("Lower", 1),
            function("in", 1, volatility: .stable),
            function("in", 2),
            function("ordered", 2),
        ],
        relations: [
            RelationFact(schema: "public", name: "scratch", kind: .unlogged),
            RelationFact(schema: "public", name: "remote", kind: .foreign),
            RelationFact(schema: "public", name: "counter", kind: .sequence),
            RelationFact(schema: "public", name: "live", kind: .volatileView),
            RelationFact(schema: "other", name: "elsewhere", kind: .unlogged),
        ],
        volatileOperators: ["<+>"],
        volatileTypes: ["tainted"],
        sequenceWriters: [
            SequenceWriterFact(schema: "public", name: "numbered", isByAnyWrite: false),
            SequenceWriterFact(schema: "public", name: "guarded", isByAnyWrite: true),
            SequenceWriterFact(schema: "other", name: "t", isByAnyWrite: true),
        ],
        defaultSearchPath: publicPath,
        generation: 1
    )

    static let context = ClassificationContext(facts: facts, searchPath: publicPath)

    private static func function(
        _ name: String,
        _ arguments: Int,
        volatility: FunctionFact.Volatility = .volatile
    ) -> FunctionFact {
        FunctionFact(
            schema: "public",
            name: name,
            minimumArguments: arguments,
            maximumArguments: arguments,
            volatility: volatility
        )
    }

    static func classifier(cacheBytes: Int = 1 << 20) -> StatementClassifier {
        StatementClassifier(cacheBytes: cacheBytes, seed: 0x5EED)
    }

    static func classify(_ text: String, in context: ClassificationContext = context) -> StatementClass {
        classifier().classify(Array(text.utf8).span.bytes, in: context)
    }

    static func parse(_ text: String, standardConformingStrings: Bool = true) -> [SessionCommand]? {
        SessionCommands.parse(Array(text.utf8).span.bytes, standardConformingStrings: standardConformingStrings)?
            .map(\.command)
    }
}
