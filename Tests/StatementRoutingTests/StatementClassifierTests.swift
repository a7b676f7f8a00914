import Testing

@testable import StatementRouting

@Suite struct StatementClassifierTests {
    private func classify(_ classifier: StatementClassifier, _ text: String) -> StatementClass {
        classifier.classify(Array(text.utf8).span.bytes, in: RoutingFixture.context)
    }

    @Test func equalTextsAndFreshLiteralsAreFoundInTheirCaches() {
        let classifier = RoutingFixture.classifier()
        for number in 0..<100 { _ = classify(classifier, "SELECT a FROM t WHERE id = \(number)") }
        #expect(classifier.statistics.misses == 1)
        #expect(classifier.statistics.fingerprintHits == 99)
        for _ in 0..<10 { _ = classify(classifier, "SELECT a FROM t WHERE id = $1") }
        #expect(classifier.statistics.misses == 2)
        #expect(classifier.statistics.textHits == 8)
        #expect(classifier.statistics.lookups == 110)
    }

    @Test func aFingerprintHasANumberThatNothingButTheStatementChanges() {
        let classifier = RoutingFixture.classifier()
        let number = { (text: String) in
            _ = self.classify(classifier, text)
            return classifier.fingerprint
        }
        let first = number("SELECT a FROM t WHERE id = 1")
        #expect(first != 0)
        // By its text, by its fingerprint, and with a hint.
        let texts = [
            "SELECT a FROM t WHERE id = 1", "SELECT a FROM t WHERE id = 77", "select a from t where id=3 -- x",
            "/* howdah: primary */ SELECT a FROM t WHERE id = 1",
        ]
        for _ in 0..<3 { #expect(Set(texts.map(number)) == [first]) }
        #expect(number("SELECT b FROM t WHERE id = 1") != first)
        // A text that cannot be folded has none, and none of the one before.
        for text in ["SELECT 'never ends", ""] { #expect(number(text) == 0 || text.isEmpty && number(text) != first) }
        classifier.correct(Array(texts[0].utf8).span.bytes, in: RoutingFixture.context)
        #expect(number(texts[1]) == first)
        // Forgotten and met again, and for a session in another context.
        for other in 0..<20_000 { _ = classify(classifier, "SELECT c\(other) FROM t") }
        #expect(number(texts[0]) == first)
        let elsewhere = ClassificationContext(
            facts: RoutingFixture.context.facts,
            searchPath: SearchPath(schemas: ["other"])
        )
        _ = classifier.classify(Array(texts[0].utf8).span.bytes, in: elsewhere)
        #expect(classifier.fingerprint == first)
    }

    @Test func aCorrectionHoldsForAllTextsOfTheFingerprint() {
        let classifier = RoutingFixture.classifier()
        for _ in 0..<4 { #expect(classify(classifier, "SELECT a FROM t WHERE id = 1").access == .read) }
        classifier.correct(
            Array("SELECT a FROM t WHERE id = 2 /* x */".utf8).span.bytes,
            in: RoutingFixture.context
        )
        for text in ["SELECT a FROM t WHERE id = 1", "SELECT a FROM t WHERE id = 3"] {
            #expect(classify(classifier, text).access == .write)
            #expect(classify(classifier, text).reason == .refusedByReplica)
        }
        #expect(classify(classifier, "SELECT a FROM u WHERE id = 1").access == .read)
        // Hints are the text's own.
        #expect(classify(classifier, "/* howdah: replica */ SELECT a FROM t WHERE id = 1").hint == .replica)
        // What was never seen can be corrected too, and a write stays what it is.
        classifier.correct(Array("SELECT b FROM t".utf8).span.bytes, in: RoutingFixture.context)
        #expect(classify(classifier, "SELECT b FROM t").access == .write)
        classifier.correct(Array("DELETE FROM t".utf8).span.bytes, in: RoutingFixture.context)
        #expect(classify(classifier, "DELETE FROM t").reason == .dml)
        #expect(classifier.statistics.corrections == 2)
    }

    @Test func bytesStayBounded() {
        let classifier = RoutingFixture.classifier(cacheBytes: 64 << 10)
        for number in 0..<5000 {
            let text = "SELECT column_\(number) FROM t\(number % 7)"
            for _ in 0..<2 { #expect(classify(classifier, text).access == .read) }
        }
        #expect(classifier.statistics.bytes <= 64 << 10)
        #expect(classifier.statistics.bytes > 16 << 10)
        #expect(classify(classifier, "DELETE FROM t").access == .write)
    }

    @Test func longTextsGoToThePrimaryWithTheirHint() {
        let classifier = StatementClassifier(cacheBytes: 1 << 16, seed: 1, maximumTextBytes: 1000)
        let long = "/* howdah: replica */ SELECT '" + String(repeating: "x", count: 1000) + "'"
        let found = classify(classifier, long)
        #expect(found.reason == .tooLong)
        #expect(found.access == .unknown)
        #expect(found.hint == .replica)
    }

    private static let openings: [(String, StatementClassifier.Opening, RouteHint)] = [
        ("INSERT INTO t VALUES (", .write, .none), ("update\tt SET", .write, .none), ("MERGE INTO", .write, .none),
        ("-- x\n/* howdah: replica */ Delete FROM t", .write, .replica), ("  ", .undecided, .none),
        ("INS", .undecided, .none),
        ("/* insert", .undecided, .none), ("INSERT", .undecided, .none), ("INSERTS INTO", .other, .none),
        ("(SELECT 1, ", .other, .none), ("WITH a AS (INSERT", .other, .none), ("EXPLAIN INSERT", .other, .none),
        ("\"insert\" INTO", .other, .none), ("/* " + String(repeating: "x", count: 5000), .other, .none),
    ]

    @Test(arguments: openings)
    func opening(text: String, opening: StatementClassifier.Opening, hint: RouteHint) {
        let found = RoutingFixture.classifier().opening(of: Array(text.utf8).span.bytes, in: RoutingFixture.context)
        #expect(found.0 == opening)
        #expect(found.1 == hint)
    }

    @Test func longFingerprintsGoToThePrimaryWithTheirHint() {
        let columns = (0..<20_000).map { "c\($0)" }.joined(separator: ", ")
        let found = RoutingFixture.classify("SELECT \(columns) FROM t -- howdah: primary")
        #expect(found.reason == .tooLong)
        #expect(found.hint == .primary)
        // A megabyte of one literal is short.
        let literal = String(repeating: "x''", count: 300_000)
        #expect(RoutingFixture.classify("SELECT '\(literal)'").reason == .plainRead)
        let value = RoutingFixture.classify("INSERT INTO t VALUES ('\(literal)')")
        #expect(value.reason == .dml)
    }

    @Test func nulBytesAreNotRead() {
        for text in ["SELECT 1\0; DELETE FROM t", "SELECT \"a\0\"; DELETE FROM t", "\0"] {
            #expect(RoutingFixture.classify(text).access == .unknown)
        }
    }
}
