import Testing

@testable import StatementRouting

@Suite struct FingerprintTests {
    private func fingerprint(_ text: String) -> String {
        let normalizer = StatementNormalizer(maximumBytes: 4096)
        let bytes = Array(text.utf8)
        let outcome = bytes.withUnsafeBufferPointer {
            normalizer.run($0.baseAddress!, $0.count, standardConformingStrings: true)
        }
        guard outcome == .normalized else { return "\(outcome)" }
        return String(decoding: UnsafeBufferPointer(start: normalizer.bytes, count: normalizer.count), as: UTF8.self)
    }

    private func areOne(_ texts: [String]) -> Bool { Set(texts.map(fingerprint)).count == 1 }

    @Test func literalsCommentsAndCaseAreLeftOut() {
        #expect(
            areOne([
                "SELECT a FROM t WHERE id = 1", "select A from T where ID=23456", "select a from t where id = 1;",
                "/* x */ SELECT a -- y\nFROM t WHERE id = 1.5e3 ;;",
            ])
        )
        #expect(areOne(["SELECT 'a'", "SELECT E'a\\''", "SELECT $$b$$", "SELECT 'a'\n'b'"]))
        #expect(areOne(["SELECT $1", "SELECT $17"]))
    }

    @Test func listsAndRowsOfLiteralsAreDrawnTogether() {
        #expect(areOne(["SELECT 1 WHERE a IN (1)", "SELECT 1 WHERE a IN (1, -2, 'x', NULL, $3)"]))
        #expect(areOne(["SELECT 1 WHERE (a, b) IN ((1, 2))", "SELECT 1 WHERE (a, b) IN ((1, 2), (3, 4))"]))
        #expect(areOne(["INSERT INTO t VALUES (1, 'a')", "INSERT INTO t VALUES (2, 'b'), (3, DEFAULT), ($1, $2)"]))
        #expect(areOne(["SELECT ARRAY[1]", "SELECT ARRAY[1, 2, 3]"]))
        let list = (0..<100_000).map(String.init).joined(separator: ",")
        #expect(fingerprint("SELECT a FROM t WHERE id IN (\(list))") == fingerprint("SELECT a FROM t WHERE id IN (1)"))
        #expect(RoutingFixture.classify("SELECT a FROM t WHERE id IN (\(list))").reason == .plainRead)
    }

    @Test func whatMattersStays() {
        let texts = [
            "SELECT f(1)", "SELECT f(1, 2)", "SELECT s.in(1)", "SELECT s.in(1, 2)", "SELECT s.values(1, 2)",
            "SELECT s.values(1)", "SELECT \"F\"(1)", "SELECT f(a)", "SELECT f('a'::x)", "SELECT f(B'1')",
            "VALUES (1), (f(2))", "SELECT 1; SELECT 1", "SELECT -1", "SELECT f(X'1')", "SET a = 1", "SET b = 1",
        ]
        #expect(Set(texts.map(fingerprint)).count == texts.count)
    }

    @Test func operatorsKeepTheirCut() {
        #expect(fingerprint("SELECT 1 =-1") == "select 1 =- 1 ")
        #expect(fingerprint("SELECT 1 =/**/-1") == "select 1 = - 1 ")
        #expect(fingerprint("SELECT a->>'b'") == "select a ->> 'x' ")
    }
}
