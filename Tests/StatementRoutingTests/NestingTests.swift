import Foundation
import Testing

@testable import StatementRouting

/// Deep texts, on a thread with a stack of 512 KiB.
@Suite struct NestingTests {
    private static func shapes(_ count: Int) -> [String] {
        func repeated(_ text: String) -> String { String(repeating: text, count: count) }
        return [
            "SELECT \(repeated("("))1\(repeated(")"))",
            "SELECT \(repeated("(SELECT "))1\(repeated(")"))",
            "SELECT \(repeated("f("))1\(repeated(")"))",
            "SELECT \(repeated("ARRAY["))a\(repeated("]"))",
            "SELECT 1\(repeated(" + 1"))",
            "SELECT \(repeated("- "))1",
            "SELECT \(repeated("+-"))1",
            "SELECT 1\(repeated("::int"))",
            "SELECT 1\(repeated(" COLLATE \"C\""))",
            "SELECT \(repeated("NOT "))true",
            "SELECT 1\(repeated(" UNION SELECT 1"))",
            "SELECT 1\(repeated(" EXCEPT SELECT 1"))",
            "SELECT 1 FROM t\(repeated(" JOIN t ON true"))",
            "SELECT 1 FROM t\(repeated(" NATURAL JOIN t"))",
            "SELECT \(repeated("CASE WHEN "))true\(repeated(" THEN 1 END"))",
            "SELECT \(repeated("CASE WHEN a.end THEN "))1\(repeated(" END"))",
            "SELECT \(repeated("(SELECT 1 AS end, "))1\(repeated(")"))",
            "SELECT \(repeated("(SELECT 1 end, "))1\(repeated(")"))",
            "SELECT \(repeated("1 FROM (SELECT "))1\(repeated(") a"))",
            "\(repeated("WITH a AS ("))SELECT 1\(repeated(") SELECT 1"))",
            "SELECT \(repeated("a BETWEEN 1 AND NOT "))true",
            "SELECT a\(repeated(" AT TIME ZONE 'x'"))",
            "SELECT a\(repeated(" OPERATOR(+) 1"))",
            "SELECT 1 WHERE \(repeated("EXISTS (SELECT 1 WHERE "))true\(repeated(")"))",
            "SELECT 1 WHERE a IN \(repeated("(SELECT 1 WHERE a IN "))(SELECT 1)\(repeated(")"))",
            "SELECT \(repeated("coalesce(a, CASE WHEN b THEN "))1\(repeated(" END)"))",
            "SELECT \(repeated("sum(1) OVER (ORDER BY "))1\(repeated(")"))",
            "SELECT \(repeated("ROW("))1\(repeated(")"))",
            "SELECT \(repeated("CAST("))1\(repeated(" AS int)"))",
            "SELECT 1 FROM \(repeated("("))t\(repeated(" JOIN t ON true)"))",
            "SELECT 1 FROM \(repeated("LATERAL (SELECT 1 FROM "))t\(repeated(") a"))",
            "SELECT \(repeated("a["))1\(repeated("]"))",
            "SELECT \(repeated("xmlelement(name a, "))1\(repeated(")"))",
        ]
    }

    private static func onSmallStack(_ body: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            body()
            done.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        done.wait()
    }

    @Test(arguments: [10, 30, 60, 90, 120, 150, 180, 195, 199, 200, 250, 1000, 10_000])
    func noDepthOverflowsTheStack(count: Int) {
        Self.onSmallStack {
            for shape in Self.shapes(count) {
                let found = RoutingFixture.classify(shape)
                #expect(found.access != .read || count <= NestingBound.limit, "\(shape.prefix(60))")
                if count > NestingBound.limit { #expect(found.reason == .tooDeep || found.reason == .tooLong) }
            }
        }
    }

    @Test func usualDepthsAreRead() {
        for shape in Self.shapes(10) {
            let reason = RoutingFixture.classify(shape).reason
            #expect([.plainRead, .unknownFunction, .unparsable].contains(reason), "\(shape): \(reason)")
        }
    }

    @Test func wideTextsAreNotDeep() {
        let conditions = (0..<500).map { "a\($0) = 1" }
        for glue in [" AND ", " OR "] {
            let text = "SELECT 1 FROM t WHERE " + conditions.joined(separator: glue)
            #expect(RoutingFixture.classify(text).reason == .plainRead)
        }
        let cases = (0..<300).map { "WHEN a = \($0) + 1 THEN b * 2" }.joined(separator: " ")
        #expect(RoutingFixture.classify("SELECT CASE \(cases) ELSE 1 END FROM t").reason == .plainRead)
        let items = (0..<250).map { "CASE WHEN a = \($0) THEN 1 END, lower(b || 'x')" }.joined(separator: ", ")
        #expect(RoutingFixture.classify("SELECT \(items) FROM t").reason == .plainRead)
        let statements = String(repeating: "SELECT (1 + 2) * 3; ", count: 400)
        #expect(RoutingFixture.classify(statements).reason == .plainRead)
    }
}
