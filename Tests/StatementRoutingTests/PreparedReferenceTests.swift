import Bytes
import Testing

@testable import StatementRouting

struct PreparedReferenceTests {
    private func find(_ text: String) -> (name: String, written: String)? {
        let bytes = Array(text.utf8)
        guard let found = PreparedReference.find(in: bytes.span.bytes, standardConformingStrings: true) else {
            return nil
        }
        return (String(decoding: found.name, as: UTF8.self), String(decoding: bytes[found.range], as: UTF8.self))
    }

    @Test(arguments: [
        ("EXECUTE p", "p", "p"), ("execute P(1, ')')", "p", "P"),
        (" /* x */ EXECUTE -- y\n \"A \"\" b\" (1)", "A \" b", "\"A \"\" b\""),
        ("PREPARE p (int) AS SELECT 1", "p", "p"), ("EXECUTE execute", "execute", "execute"),
        ("EXPLAIN EXECUTE q(1)", "q", "q"),
        ("EXPLAIN ANALYZE VERBOSE EXECUTE q", "q", "q"), ("EXPLAIN (ANALYZE, FORMAT json) EXECUTE q", "q", "q"),
        ("CREATE TABLE t AS EXECUTE r(1)", "r", "r"), ("CREATE TEMP TABLE execute (a, b) AS EXECUTE r", "r", "r"),
        ("CREATE TABLE \"as\" AS EXECUTE \"as\"", "as", "\"as\""),
        ("CREATE TABLE t (a) ON COMMIT DROP AS EXECUTE r WITH NO DATA", "r", "r"),
    ])
    func isFound(text: String, name: String, written: String) throws {
        let found = try #require(find(text))
        #expect(found.name == name && found.written == written)
    }

    @Test(arguments: [
        "SELECT 1", "", "EXECUTE", "EXECUTE U&\"\\0070\"", "EXECUTE 'p'", "CREATE TABLE t AS SELECT 1",
        "EXPLAIN SELECT 1", "CREATE TABLE execute (a int)",
        "EXECUTE " + String(repeating: "x", count: 64), "EXECUTE /* no end",
    ])
    func isNotFound(text: String) { #expect(find(text) == nil) }
}
