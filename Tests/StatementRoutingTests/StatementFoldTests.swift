import Bytes
import SeededRandom
import Testing

@testable import StatementRouting

/// A text that comes in parts has the fingerprint and the class of the whole one, wherever it is cut.
@Suite struct StatementFoldTests {
    private func outcome(whole text: [UInt8], conforming: Bool) -> (StatementNormalizer.Outcome, String, RouteHint) {
        let normalizer = StatementNormalizer(maximumBytes: StatementClassifier.maximumFingerprintBytes)
        let outcome = text.withUnsafeBufferPointer { buffer in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { empty in
                normalizer.run(
                    buffer.baseAddress ?? UnsafePointer(empty.baseAddress!),
                    buffer.count,
                    standardConformingStrings: conforming
                )
            }
        }
        return (outcome, Self.fingerprint(normalizer, outcome), normalizer.hint)
    }

    private func outcome(
        folded text: [UInt8],
        conforming: Bool,
        window: Int,
        part: Int
    ) -> (StatementNormalizer.Outcome, String, RouteHint) {
        let fold = StatementFold(standardConformingStrings: conforming, windowBytes: window)
        var offset = 0
        while offset < text.count {
            let end = min(text.count, offset + part)
            fold.append(Array(text[offset..<end]).span.bytes)
            offset = end
        }
        let outcome = fold.finish()
        return (outcome, Self.fingerprint(fold.normalizer, outcome), fold.normalizer.hint)
    }

    private static func fingerprint(_ normalizer: StatementNormalizer, _ outcome: StatementNormalizer.Outcome) -> String
    {
        guard outcome == .normalized else { return "" }
        return String(decoding: UnsafeBufferPointer(start: normalizer.bytes, count: normalizer.count), as: UTF8.self)
    }

    /// With a window so small every place is once the last in it. No word, number or gap in these texts is longer.
    private func check(_ text: String, windows: some Sequence<Int>) {
        let bytes = Array(text.utf8)
        for conforming in [true, false] {
            let expected = outcome(whole: bytes, conforming: conforming)
            for window in windows {
                let found = outcome(folded: bytes, conforming: conforming, window: window, part: window % 7 + 1)
                #expect(
                    found == expected,
                    "window of \(window), standard_conforming_strings \(conforming): \(text)"
                )
                if found != expected { return }
            }
        }
    }

    private static let cuts = [
        "SELECT 'a''b' , E'a\\'b\\\\' , 'it''s' 'x'",
        "SELECT 'a'\n'b'  -- c\n 'd', N'x' , U&'\\0061' UESCAPE '!' , B'1''0' , x'1F'",
        "SELECT $$a$b$$, $x$ $y$ $x $x$, $1, $12, a$b$c, $ 1", "SELECT /* a /* b */ c */ 1 -- d\r + 2 /*/ */ / 3 */",
        "SELECT 1.5e-3, 1e+x, 0x1F, 0xG, 1_000, 1_, .5, 1..2, 1e5",
        "SELECT a->>'b' <-> c -- x\n ~* d +/**/- -1 !=-- y\n2",
        "SELECT \"a\"\"b\", U&\"x\", a.b::int[1], a:=1", "/* howdah: replica */ SELECT 1 -- howdah: primary\n",
        "SELECT 1 WHERE a IN (1, -2, 'x', NULL, $3) AND (a, b) IN ((1, 2), (3, 4)) AND c IN (f(1), f(2), 3)",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, DEFAULT), (f(1)), (f(2)), (ARRAY[1, 2], 1), (ARRAY[3], 2) RETURNING a",
        "SELECT 'a", "SELECT \"a", "SELECT $$a$", "SELECT /* a", "SELECT 1 /", "SELECT 1 -", "SELECT 1;;", "", " ", "'",
        "$", "$a$",
        "SELECT 1\0; DELETE FROM t", "SELECT 'a\0b'",
        "SELECT current_setting('work_mem'), current_setting('in_hot_standby')",
        "SELECT 'x' /* a */ 'y'", "SELECT 'x' -- howdah: primary\n 'y'", "SELECT E'\\", "SELECT 1 --",
        "SELECT 1 /* x **/ + 1 /***/",
    ]

    @Test(arguments: cuts)
    func isTheSameWhereverItIsCut(text: String) {
        check(text, windows: 24...90)
        // Behind so much that a window ends in every place of the text.
        for shift in stride(from: 1, to: 60, by: 3) {
            check(String(repeating: " ", count: shift) + text, windows: [40, 64])
        }
    }

    @Test func isTheSameForEveryRowOfTheTable() {
        for row in RoutingTable.rows where row.text.utf8.allSatisfy({ $0 < 0x80 }) {
            check(row.text, windows: [72, 81, 97])
        }
    }

    @Test func isTheSameForRandomTexts() {
        var generator = SeededGenerator(seed: 20_26)
        let pieces = [
            "'", "''", "\\", "$", "$$", "$a$", "\"", "/*", "*/", "--", "\n", " ", "a", "E", "e'", "U&", "n'", "1", ".",
            "e+", "0x",
            "(", ")", "[", "]", ",", ";", "IN (", "VALUES (", "ARRAY[", "::", ":=", "-", "+", "howdah: replica", "\r",
            "_", "\t'x'",
        ]
        var unread = 0
        for _ in 0..<1500 {
            let count = Int.random(in: 1...40, using: &generator)
            let bytes = Array((0..<count).map { _ in pieces.randomElement(using: &generator)! }.joined().utf8)
            let window = Int.random(in: 48...120, using: &generator)
            let expected = outcome(whole: bytes, conforming: count % 2 == 0)
            let found = outcome(folded: bytes, conforming: count % 2 == 0, window: window, part: window % 7 + 1)
            // A name in quotes may be longer than the window.
            if found.0 == .tooLong, expected.0 != .tooLong {
                unread += 1
            } else {
                #expect(found == expected, "window of \(window): \(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(unread < 150)
    }

    @Test func stringsAndCommentsMayBeOfAnyLength() {
        let long = String(repeating: "it''s $ \\\\ \"x\" ", count: 3000)
        let texts = [
            "INSERT INTO t VALUES ('\(long)'), (E'\(long)\\''), ($q$\(long)$q$)", "/* \(long) */ SELECT 1",
            "-- \(long)\nSELECT 1 -- \(long)", "SELECT 1" + String(repeating: " ", count: 70_000) + ", 2",
            "INSERT INTO t VALUES " + (0..<60_000).map { "(\($0), 'x')" }.joined(separator: ","),
            "SELECT a IN (" + (0..<40_000).map { "'\($0)'" }.joined(separator: ", ") + ")",
        ]
        for text in texts {
            let bytes = Array(text.utf8)
            let expected = outcome(whole: bytes, conforming: true)
            let found = outcome(folded: bytes, conforming: true, window: StatementFold.windowBytes, part: 8192)
            #expect(expected.0 == .normalized && found == expected, "\(text.prefix(40))")
        }
        // Names and numbers may not.
        let word = outcome(
            folded: Array("SELECT \(String(repeating: "a", count: 40_000))".utf8),
            conforming: true,
            window: StatementFold.windowBytes,
            part: 5000
        )
        #expect(word.0 == .tooLong)
    }

    @Test func hasTheClassOfTheWhole() {
        let classifier = RoutingFixture.classifier()
        for row in RoutingTable.rows {
            let bytes = Array(row.text.utf8)
            let fold = StatementFold(standardConformingStrings: true)
            fold.append(bytes.span.bytes)
            #expect(
                classifier.classify(fold, in: RoutingFixture.context)
                    == classifier.classify(bytes.span.bytes, in: RoutingFixture.context)
            )
        }
    }
}
