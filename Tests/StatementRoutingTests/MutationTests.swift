import Testing

@testable import StatementRouting

/// Texts of the table, broken at random from a fixed seed: nothing crashes, and what the caches and the rewriting of
/// literals make of a text is what the grammar says of the text itself.
@Suite struct MutationTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    private static let pieces = [
        "'", "\"", "\\", "$$", "$a$", "--", "/*", "*/", "\n", "\r", ";", "(", ")", ",", " ", "E'", "U&'", "B'", "N'",
        "x'", "''",
        "nextval('s')", "DELETE FROM t", "IN (1, 2)", "VALUES (1)", "1", "e5", "0x1", "_", "::", ":=", "-", "+", "$1",
        ".",
        "FOR UPDATE", "INTO", "touch()", "é", "[", "]", "CASE", "END", "AS", "UESCAPE '!'", "\t",
        "/* howdah: primary */",
    ].map { Array($0.utf8) }

    private func mutate(_ text: [UInt8], _ other: [UInt8], _ generator: inout Generator) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...text.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: text.insert(contentsOf: Self.pieces.randomElement(using: &generator)!, at: place)
            case 1 where place < text.count: text.remove(at: place)
            case 2 where place < text.count: text[place] = UInt8.random(in: 1...255, using: &generator)
            case 3:
                let end = min(text.count, place + Int.random(in: 0...8, using: &generator))
                text.removeSubrange(place..<end)
            default:
                text.insert(contentsOf: other.prefix(Int.random(in: 0...other.count, using: &generator)), at: place)
            }
        }
        return text
    }

    private func mutants(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var generator = Generator(state: seed)
        let texts = RoutingTable.rows.map { Array($0.text.utf8) }
        return (0..<count).map { _ in
            mutate(texts.randomElement(using: &generator)!, texts.randomElement(using: &generator)!, &generator)
        }
    }

    @Test(arguments: [1, 2, 3, 4])
    func noMutantIsReadAsSomethingElse(seed: UInt64) {
        let classifier = RoutingFixture.classifier(cacheBytes: 256 << 10)
        let walker = ParseTreeWalker()
        var reads = 0
        for text in mutants(5000, seed: seed) {
            var found = classifier.classify(text.span.bytes, in: RoutingFixture.context)
            let again = classifier.classify(text.span.bytes, in: RoutingFixture.context)
            let afresh = classifier.classifyAfresh(text.span.bytes, in: RoutingFixture.context)
            #expect(found == again)
            #expect(found == afresh)
            guard found.access != .unknown, found.howdahCommand == .none, !text.contains(0) else { continue }
            found.hint = .none
            var direct = (text + [0]).withUnsafeBufferPointer {
                ParseTreeClassifier.classify($0.baseAddress!, text.count, walker, RoutingFixture.context)
            }
            // Literals that the grammar itself refuses ('\x' in E'…') are not looked at: the server will refuse them.
            guard direct.access != .unknown else { continue }
            // A setting's name that is not written plainly is not read.
            if found.reason == .connectionState, direct.reason != .connectionState { continue }
            #expect(!found.hasFixedPlan || direct.hasFixedPlan, "\(String(decoding: text, as: UTF8.self))")
            direct.hasFixedPlan = found.hasFixedPlan
            #expect(found == direct, "\(String(decoding: text, as: UTF8.self))")
            if found.access == .read { reads += 1 }
        }
        #expect(reads > 200)
    }

    @Test func sessionCommandsSurviveMutants() {
        for text in mutants(3000, seed: 5) {
            for standard in [true, false] {
                let commands = SessionCommands.parse(text.span.bytes, standardConformingStrings: standard)
                for command in commands ?? [] {
                    #expect(command.range.lowerBound >= 0 && command.range.upperBound <= text.count)
                }
            }
        }
    }

    @Test func noiseIsSurvived() {
        let classifier = RoutingFixture.classifier()
        var generator = Generator(state: 6)
        for _ in 0..<3000 {
            let length = Int.random(in: 0...200, using: &generator)
            let text = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let found = classifier.classify(text.span.bytes, in: RoutingFixture.context)
            let afresh = classifier.classifyAfresh(text.span.bytes, in: RoutingFixture.context)
            #expect(found == afresh)
        }
    }
}
