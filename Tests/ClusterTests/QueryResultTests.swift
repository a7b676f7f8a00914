import CLibpq
import Glibc
import StatementRouting
import Testing

@testable import Cluster

/// Answers of every shape to all that the control plane asks.
@Suite struct QueryResultTests {
    private typealias Reader = (borrowing QueryResult) throws(ProbeFailure) -> Void

    /// All that is read from answers.
    private static var readers: [(name: String, read: Reader)] {
        var readers: [(String, Reader)] = []
        for step in CatalogStep.allCases where step != .pinSearchPath {
            readers.append(
                (
                    "catalog, \(step)",
                    { (result) throws(ProbeFailure) in
                        var draft = CatalogDraft(known: nil)
                        if case .done(.changed(_, let rows)) = try draft.add(result, of: step) {
                            _ = CatalogFacts(rows: rows, role: "r", generation: 1)
                        }
                    }
                )
            )
        }
        let kinds: [ProbeQuestion.Kind] = [
            .sample, .check(withHistory: true, withSenders: true), .check(withHistory: false, withSenders: false),
        ]
        for kind in kinds {
            readers.append(
                (
                    "check, \(kind)",
                    { (result) throws(ProbeFailure) in
                        let question = ProbeQuestion(kind: kind, number: 1, sentAt: 1)
                        _ = try question.mayTellHistory(result)
                        _ = try question.reading(result, before: nil)
                    }
                )
            )
        }
        readers.append(("log-ins", { (result) throws(ProbeFailure) in _ = try LoginFacts(result) }))
        readers.append(("first row", { (result) throws(ProbeFailure) in _ = try result.firstRow() }))
        return readers
    }

    private static func result(_ columns: Int, _ rows: [[String?]]) -> QueryResult {
        let pointer = PQmakeEmptyPGresult(nil, PGRES_TUPLES_OK)!
        let name = strdup("c")
        defer { free(name) }
        var attributes = (0..<columns).map { _ in
            PGresAttDesc(name: name, tableid: 0, columnid: 0, format: 0, typid: 25, typlen: -1, atttypmod: -1)
        }
        if columns > 0 { PQsetResultAttrs(pointer, Int32(columns), &attributes) }
        for (row, values) in rows.enumerated() {
            for (column, value) in values.enumerated() {
                let text = strdup(value ?? "")
                defer { free(text) }
                PQsetvalue(pointer, Int32(row), Int32(column), text, value.map { Int32($0.utf8.count) } ?? -1)
            }
        }
        return QueryResult(pointer)
    }

    /// Whether something was read from it.
    private func isRead(
        _ columns: Int,
        _ rows: [[String?]],
        _ read: Reader
    ) -> Bool {
        let result = Self.result(columns, rows)
        do throws(ProbeFailure) {
            try read(result)
            return true
        } catch {
            guard case .malformedAnswer = error else {
                Issue.record("\(error)")
                return false
            }
            #expect(error.reason.contains("what no PostgreSQL would"))
            return false
        }
    }

    @Test("A row that is missing is an error, for all that asks for one")
    func noRow() {
        let ofOneRow = ["ownSearchPath", "ownIsolation", "fingerprint", "check"]
        for (name, read) in Self.readers {
            let wantsRow = ofOneRow.contains { name.contains($0) }
            for columns in [0, 1, 20] { #expect(isRead(columns, [], read) == !wantsRow, "\(name), \(columns) columns") }
        }
    }

    @Test("A column that is missing is an error, for all that asks for several")
    func noColumn() {
        for (name, read) in Self.readers where name != "first row" {
            #expect(!isRead(1, [["1"]], read), "\(name)")
        }
    }

    @Test("Whatever stands in a row, it is read or is an error")
    func values() {
        let values: [String?] = [
            nil, "", "t", "f", "x", "1", "-1", "0/0", "1 2 3", "r", "-9223372036854775808", "9223372036854775807",
            "99999999999999999999", "NaN", "\u{FFFD}", String(repeating: "(", count: 100_000),
        ]
        for (name, read) in Self.readers {
            for value in values {
                for first in ["t", "1", "r", "d"] as [String?] {
                    let row = [first] + Array(repeating: value, count: 12)
                    _ = isRead(13, [row, row], read)
                }
                #expect(
                    value != nil || name == "first row" || !isRead(13, [Array(repeating: nil, count: 13)], read),
                    "\(name)"
                )
            }
        }
    }

    @Test("Numbers that are none, or too large to be reckoned with, are errors")
    func numbers() {
        var function: [String?] = ["s", "f", "f", "2", "1", "f", "v", "f"]
        let reader = Self.readers.first { $0.name == "catalog, functions" }!.read
        #expect(isRead(8, [function], reader))
        for wrong in ["-9223372036854775808", "32768", "two", "", nil] {
            function[3] = wrong
            #expect(!isRead(8, [function], reader), "\(wrong ?? "NULL")")
        }
        var check: [String?] = ["f", "0/1", "0/1", "1", "1", "7", nil, nil, "t", "200", nil, nil, nil]
        let question = Self.readers.first { $0.name.hasPrefix("check, check") }!.read
        #expect(isRead(13, [check], question))
        for wrong in ["9223372036854775807", "-1", "", "1e3"] {
            check[9] = wrong
            #expect(!isRead(13, [check], question), "\(wrong)")
        }
    }

    @Test("The words of a node are one short line of the log")
    func oneLine() {
        let hostile = "1\n2026-11-30 info all is well\u{1B}[2J" + "e" + String(repeating: "\u{301}", count: 100_000)
        let result = Self.result(1, [[hostile]])
        let failure = #expect(throws: ProbeFailure.self) { try result.integer(0, 0, Int.self) }
        let reason = failure?.reason ?? ""
        #expect(reason.utf8.count < 500)
        #expect(!reason.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test("An error is cut off where it is longer than any error should be")
    func longErrors() {
        let message = ServerMessage("ERROR:  42P01: " + String(repeating: "é", count: 1_000_000))
        #expect(message.sqlState == "42P01")
        #expect(message.text.utf8.count < 5000)
    }

    @Test("What relations reach is no product of the rows without a bound")
    func products() {
        var graph = RelationGraph()
        for place in 0..<2100 {
            graph.add(.volatileFunction(schema: "s", name: "\(place)"), to: 0)
            graph.add(reader: UInt32(place) + 1, of: UInt32(place))
        }
        #expect(throws: ProbeFailure.self) { try graph.rows() }
    }
}
