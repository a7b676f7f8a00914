import Testing

@testable import StatementRouting

/// The table, through every way that a class can be come by.
@Suite struct RoutingTableTests {
    @Test func everyStatementGoesWhereTheTableSays() {
        #expect(RoutingTable.rows.count > 350)
        let classifier = RoutingFixture.classifier()
        for row in RoutingTable.rows {
            let text = Array(row.text.utf8)
            let found = classifier.classify(text.span.bytes, in: RoutingFixture.context)
            #expect(found.reason == row.reason, "\(row.text)")
            #expect(found.access == row.access, "\(row.text)")
        }
    }

    @Test func theCachesSayWhatTheGrammarSays() {
        let classifier = RoutingFixture.classifier()
        for _ in 0..<4 {
            for row in RoutingTable.rows {
                let text = Array(row.text.utf8)
                let cached = classifier.classify(text.span.bytes, in: RoutingFixture.context)
                let afresh = classifier.classifyAfresh(text.span.bytes, in: RoutingFixture.context)
                #expect(cached == afresh, "\(row.text)")
            }
        }
        // Short texts with literals are lexed each time; the others are found as they are from the third time on.
        let withoutLiterals = RoutingTable.rows.count { !$0.text.contains { $0 == "'" || $0.isNumber } }
        #expect(classifier.statistics.textHits > UInt64(withoutLiterals))
    }

    /// The grammar sees the text without literals; with them it must say the same. But libpg_query does not know the
    /// comment that may stand between two pieces of one literal.
    @Test func theClassOfTheOriginalTextIsTheSame() {
        let classifier = RoutingFixture.classifier()
        let walker = ParseTreeWalker()
        for row in RoutingTable.rows
        where row.access != .unknown && row.reason != .howdahCommand && !row.text.contains("'a' -- c") {
            let text = Array(row.text.utf8)
            var cached = classifier.classify(text.span.bytes, in: RoutingFixture.context)
            cached.hint = .none
            var direct = (text + [0]).withUnsafeBufferPointer {
                ParseTreeClassifier.classify($0.baseAddress!, text.count, walker, RoutingFixture.context)
            }
            // A setting's name that is not written plainly is not read.
            if cached.reason == .connectionState, direct.reason != .connectionState { continue }
            // What is drawn together may hide parameters: then less is claimed of the plan, never more.
            #expect(!cached.hasFixedPlan || direct.hasFixedPlan, "\(row.text)")
            direct.hasFixedPlan = cached.hasFixedPlan
            #expect(cached == direct, "\(row.text)")
        }
    }

    /// In a message with others, every statement that does not read still decides.
    @Test func oneOfSeveralDecides() {
        for row in RoutingTable.rows where row.access == .write {
            let found = RoutingFixture.classify("SELECT 1; \(row.text)\n; SELECT 2")
            #expect(found.access != .read, "\(row.text)")
        }
    }

    /// Before the catalog is read nothing that writes may count as a read, and every call of a user's function is a
    /// write.
    @Test func builtinFactsAreNeverLaxer() {
        let context = ClassificationContext(facts: .builtin, searchPath: RoutingFixture.publicPath)
        let knownFromTheCatalogOnly: Set<RouteReason> = [
            .volatileOperator, .volatileType, .unloggedTable, .foreignTable, .sequenceRelation, .volatileView,
        ]
        for row in RoutingTable.rows
        where row.access != .read && !knownFromTheCatalogOnly.contains(row.reason) && !row.text.contains(".fullname") {
            #expect(RoutingFixture.classify(row.text, in: context).access != .read, "\(row.text)")
        }
        #expect(RoutingFixture.classify("SELECT pure(1)", in: context).reason == .unknownFunction)
    }

    @Test func everyReasonSaysSomething() {
        let descriptions = RouteReason.allCases.map(\.description)
        #expect(Set(descriptions).count == RouteReason.allCases.count)
        #expect(descriptions.allSatisfy { !$0.isEmpty })
    }
}
