import Testing

@testable import StatementRouting

/// The same text in different contexts, through one classifier so that its caches must tell them apart.
@Suite struct ContextTests {
    private let classifier = RoutingFixture.classifier()

    private func reason(_ text: String, _ context: ClassificationContext) -> RouteReason {
        let bytes = Array(text.utf8)
        // Past the second sight the text's own cache answers.
        return (0..<3).map { _ in classifier.classify(bytes.span.bytes, in: context).reason }.last!
    }

    @Test func searchPathDecidesWhichFunctionIsCalled() {
        let facts = RoutingFixture.facts
        let ofPublic = RoutingFixture.context
        let ofOther = ClassificationContext(facts: facts, searchPath: RoutingFixture.otherPath)
        let ofNobody = ClassificationContext(facts: facts, searchPath: SearchPath(schemas: []))
        let notKnown = ClassificationContext(facts: facts, searchPath: nil)
        #expect(reason("SELECT tricky()", ofPublic) == .plainRead)
        #expect(reason("SELECT tricky()", ofOther) == .volatileFunction)
        #expect(reason("SELECT tricky()", ofNobody) == .unknownFunction)
        #expect(reason("SELECT tricky()", notKnown) == .volatileFunction)
        #expect(reason("SELECT public.tricky()", ofOther) == .plainRead)
        // PostgreSQL may prefer the other schema's by its argument types.
        #expect(reason("SELECT lower('A')", ofOther) == .volatileFunction)
        #expect(reason("SELECT pg_catalog.lower('A')", ofOther) == .plainRead)
        #expect(reason("SELECT lower('A')", ofPublic) == .plainRead)
        #expect(reason("SELECT mine()", ofPublic) == .volatileFunction)
        #expect(reason("SELECT mine()", ofOther) == .unknownFunction)
        #expect(reason("SELECT * FROM elsewhere", ofPublic) == .plainRead)
        #expect(reason("SELECT * FROM elsewhere", ofOther) == .unloggedTable)
        #expect(reason("SELECT * FROM elsewhere", notKnown) == .unloggedTable)
    }

    @Test func pathsAreReadAsTheServerReportsThem() {
        #expect(SearchPath(setting: "\"$user\", public", user: "Me").schemas == ["Me", "public"])
        #expect(SearchPath(setting: "A,\"B c\",\"d\"\"e\",\"\"", user: "x").schemas == ["a", "B c", "d\"e", ""])
        #expect(SearchPath(setting: "", user: "x").schemas == [])
    }

    @Test func standardConformingStringsMoveTheEndOfALiteral() {
        let off = ClassificationContext(
            facts: RoutingFixture.facts,
            searchPath: RoutingFixture.publicPath,
            standardConformingStrings: false
        )
        let hidden = #"SELECT '\', nextval('s'), '"#
        #expect(reason(hidden, RoutingFixture.context) == .unparsable)
        let either = #"SELECT '\', nextval(''s''), '\'"#
        #expect(reason(either, off) == .unparsable)
        let text = #"SELECT 'a\'; DELETE FROM t; --'"#
        #expect(reason(text, RoutingFixture.context) == .dml)
        #expect(reason(text, off) == .plainRead)
        #expect(reason(#"SELECT E'a\'; DELETE FROM t; --'"#, off) == .plainRead)
        #expect(reason(#"SELECT B'\'; DELETE FROM t; --'"#, off) == .dml)
    }

    @Test func anUnsafeEncodingIsNotLookedAt() {
        let unsafe = ClassificationContext(
            facts: RoutingFixture.facts,
            searchPath: RoutingFixture.publicPath,
            encodingKeepsASCII: false
        )
        #expect(reason("SELECT 1", unsafe) == .clientEncoding)
        #expect(reason("SELECT 1", RoutingFixture.context) == .plainRead)
    }

    @Test func settingsLetForeignTablesAndServerLocalViewsThrough() {
        let lax = ClassificationContext(
            facts: RoutingFixture.facts,
            searchPath: RoutingFixture.publicPath,
            policy: RoutingPolicy(foreignTablesOnReplica: true, serverLocalViewsOnReplica: true)
        )
        for text in ["SELECT * FROM remote", "SELECT * FROM pg_stat_activity", "SELECT pg_stat_get_backend_pid(1)"] {
            #expect(reason(text, lax) == .plainRead)
            #expect(reason(text, RoutingFixture.context) != .plainRead)
        }
        #expect(reason("SELECT * FROM scratch", lax) == .unloggedTable)
    }

    @Test func newFactsCountAtOnce() {
        let before = ClassificationContext(facts: .builtin, searchPath: RoutingFixture.publicPath)
        #expect(reason("SELECT pure(1)", before) == .unknownFunction)
        #expect(reason("SELECT pure(1)", RoutingFixture.context) == .plainRead)
    }

    @Test func rowsOfPgCatalogReplaceWhatIsBuiltIn() {
        let facts = CatalogFacts(
            functions: [
                FunctionFact(
                    schema: "pg_catalog",
                    name: "brand_new",
                    minimumArguments: 0,
                    maximumArguments: 0,
                    volatility: .stable
                ),
                FunctionFact(
                    schema: "pg_catalog",
                    name: "lower",
                    minimumArguments: 1,
                    maximumArguments: 1,
                    volatility: .volatile
                ),
                FunctionFact(
                    schema: "pg_catalog",
                    name: "random",
                    minimumArguments: 0,
                    maximumArguments: 0,
                    volatility: .volatile
                ),
                FunctionFact(
                    schema: "pg_catalog",
                    name: "txid_current",
                    minimumArguments: 0,
                    maximumArguments: 0,
                    volatility: .stable
                ),
            ],
            relations: [],
            defaultSearchPath: RoutingFixture.publicPath,
            generation: 1
        )
        let context = ClassificationContext(facts: facts, searchPath: facts.defaultSearchPath)
        #expect(reason("SELECT brand_new()", context) == .plainRead)
        #expect(reason("SELECT lower('a')", context) == .volatileFunction)
        #expect(reason("SELECT random()", context) == .plainRead)
        #expect(reason("SELECT txid_current()", context) == .volatileFunction)
        #expect(reason("SELECT upper('a')", context) == .plainRead)
    }
}
