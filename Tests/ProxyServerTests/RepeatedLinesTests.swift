import Testing

@testable import Configuration
@testable import ProxyServer

@Suite struct RepeatedLinesTests {
    private func isWritten(_ lines: inout RepeatedLines, _ kind: String, _ text: String, at now: UInt64) -> Bool {
        lines.admit(kind, .warning, text, at: now).0
    }

    @Test func theFirstIsWrittenAndTheOthersAreCounted() {
        var lines = RepeatedLines(interval: 10)
        #expect(isWritten(&lines, "a", "a 1", at: 100))
        #expect(!isWritten(&lines, "a", "a 2", at: 101))
        #expect(!isWritten(&lines, "a", "a 3", at: 109))
        #expect(isWritten(&lines, "b", "b", at: 105))
        #expect(lines.nextDue == 110)
        #expect(lines.takeDue(at: 109).isEmpty)
        #expect(lines.takeDue(at: 110) == [.init(level: .warning, text: "a 3", count: 2)])
    }

    @Test func whatGoesOnIsToldOnceAnIntervalAndWhatHasCeasedIsForgotten() {
        var lines = RepeatedLines(interval: 10)
        #expect(isWritten(&lines, "a", "a", at: 0))
        var told = 0
        for now in UInt64(1)...99 {
            told += lines.takeDue(at: now).map(\.count).reduce(0, +)
            #expect(!isWritten(&lines, "a", "a", at: now))
        }
        #expect(told == 89)
        #expect(lines.takeDue(at: 100).map(\.count) == [10])
        #expect(lines.takeDue(at: 110).isEmpty)
        #expect(lines.nextDue == nil)
        #expect(isWritten(&lines, "a", "a", at: 111))
    }

    @Test func oneThatWasDueIsToldInFrontOfTheNext() {
        var lines = RepeatedLines(interval: 10)
        #expect(isWritten(&lines, "a", "a", at: 0))
        #expect(!isWritten(&lines, "a", "a", at: 1))
        let (written, early) = lines.admit("a", .error, "again", at: 50)
        #expect(written)
        #expect(early == .init(level: .warning, text: "a", count: 1))
    }

    @Test func kindsAreBounded() {
        var lines = RepeatedLines(interval: 10)
        #expect(isWritten(&lines, "first", "first", at: 0))
        #expect(!isWritten(&lines, "first", "first", at: 0))
        var early: [RepeatedLines.Summary] = []
        for number in 0..<RepeatedLines.mostKinds * 3 {
            let (written, summary) = lines.admit("\(number)", .warning, "\(number)", at: 1)
            #expect(written)
            if let summary { early.append(summary) }
        }
        #expect(early == [.init(level: .warning, text: "first", count: 1)])
        #expect(lines.takeDue(at: 100).isEmpty)
    }

    @Test func withoutAnIntervalEveryLineIsWritten() {
        var lines = RepeatedLines(interval: 0)
        for _ in 0..<3 { #expect(isWritten(&lines, "a", "a", at: 0)) }
    }
}
