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

    @Test func whatRepeatsInListsIsLeftOut() {
        #expect(areOne(["SELECT 1 WHERE a IN ($1::int)", "SELECT 1 WHERE a IN ($1::int, $2::int, $3::int)"]))
        #expect(areOne(["SELECT ARRAY['a'::text]", "SELECT ARRAY['a'::text, 'b'::text]"]))
        #expect(
            areOne([
                "INSERT INTO t VALUES (1, now(), 'x'::date)",
                "INSERT INTO t VALUES (1, now(), 'x'::date), (NULL, now(), 'y'::date), (-3, now(), 'z'::date)",
            ])
        )
        #expect(
            areOne([
                "INSERT INTO t VALUES (ARRAY[1, 2], f(a))",
                "INSERT INTO t VALUES (ARRAY[3], f(a)), (ARRAY['x', 'y'], f(a))",
            ])
        )
        #expect(
            fingerprint("INSERT INTO t VALUES (f(1)), (g(1)), (f(2)), (g(3)), (h(f(2)))")
                == "insert into t values ( f ( 1 ) ) , ( g ( 1 ) ) , ( h ( f ( 1 ) ) ) "
        )
        #expect(fingerprint("SELECT a IN (f(1), g(2), f(3), 4, 'x')") == "select a in ( f ( 1 ) , g ( 1 ) , 1 ) ")
        // A query's commas are its own.
        #expect(fingerprint("SELECT a IN (SELECT b, b FROM t, t u)") == "select a in ( select b , b from t , t u ) ")
        #expect(fingerprint("SELECT a IN (1, 2) , b IN (3)") == "select a in (1 ) , b in (1 ) ")
        #expect(fingerprint("SELECT a IN (1, 2]") == "select a in ( 1 , 1 ] ")
        #expect(fingerprint("SELECT ARRAY[], ARRAY[[1, 2], [3]]") == "select array [ ] , array [ [ 1 , 1 ] , [ 1 ] ] ")
        #expect(fingerprint("VALUES (1) , (2) UNION VALUES (3, 4)") == "values (1 ) union values (1 ) ")
        let rows = (0..<20_000).map { "($\($0)::INTEGER, $\($0)::VARCHAR, now())" }.joined(separator: ", ")
        #expect(RoutingFixture.classify("INSERT INTO t VALUES \(rows)").reason == .dml)
        let sneaky = (0..<20_000).map { "(\($0))" }.joined(separator: ", ") + ", (touch())"
        #expect(RoutingFixture.classify("VALUES \(sneaky)").reason == .volatileFunction)
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
