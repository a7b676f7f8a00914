import Configuration
import Foundation
import Testing

@testable import ProxyServer

/// The log, written into a pipe that the test reads.
// Also what a test waits for a thread counts, where many others run.
@Suite(.timeLimit(.minutes(5))) struct LogTests {
    private final class Reader {
        let pipe = Pipe()
        private var text = ""

        var descriptor: Int32 { pipe.fileHandleForWriting.fileDescriptor }

        /// Reads until so many lines have come with these words in them.
        func lines(with words: String, count: Int) -> [String] {
            while true {
                let found = text.split(separator: "\n").map(String.init).filter { $0.contains(words) }
                if found.count >= count { return found }
                readMore()
            }
        }

        func readMore() { text += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self) }
    }

    @Test func whoWritesDoesNotWaitForTheReader() {
        let reader = Reader()
        let log = Log(level: .info, memory: 64 << 10, interval: .zero, descriptor: reader.descriptor)
        let padding = String(repeating: "x", count: 1_000)
        // A pipe holds 64 kB: with a blocking write this would not end.
        for number in 0..<10_000 { log.write(.info, "\(number) \(padding)") }
        // Each line is written, or counted among those that were dropped.
        var (written, dropped) = (0, 0)
        while written + dropped < 10_000 {
            written = reader.lines(with: padding, count: written + dropped == 0 ? 1 : 0).count
            let told = reader.lines(with: "lines of the log were dropped", count: 0)
            dropped = told.reduce(0) { $0 + (Int($1.split(separator: " ")[2]) ?? 0) }
            if written + dropped < 10_000 { reader.readMore() }
        }
        #expect(written + dropped == 10_000)
        #expect(dropped > 1_000)
    }

    @Test func warningsThatComeAgainAreSummedUp() {
        let reader = Reader()
        let log = Log(level: .info, memory: 1 << 20, interval: .seconds(600), descriptor: reader.descriptor)
        for _ in 0..<50 { log.write(.warning, "no server") }
        for number in 0..<50 { log.write(.warning, "client \(number) refused", kind: "refused") }
        for _ in 0..<3 { log.write(.info, "an event") }
        log.flush(within: .seconds(30))
        #expect(reader.lines(with: "no server", count: 2)[1].hasSuffix("warning no server (49 times more in 600 s)"))
        #expect(reader.lines(with: "refused", count: 2)[1].contains("client 49 refused (49 times more"))
        #expect(reader.lines(with: "an event", count: 3).count == 3)
    }

    @Test func otherSettingsHoldFromThenOn() throws {
        let reader = Reader()
        let log = Log(level: .warning, memory: 1 << 20, interval: .seconds(600), descriptor: reader.descriptor)
        for _ in 0..<3 { log.write(.warning, "again") }
        log.write(.info, "unheard")
        let environment = ["HOWDAH_LOG_LEVEL": "debug", "HOWDAH_LOG_REPEAT_INTERVAL": "0", "HOWDAH_AUTH_TYPE": "trust"]
        log.reconfigure(try Configuration.load(file: nil, environment: environment, nodes: ["host=a"]).proxy)
        log.write(.debug, "heard")
        for _ in 0..<3 { log.write(.warning, "again") }
        log.write(.info, "last")
        _ = reader.lines(with: "last", count: 1)
        let told = reader.lines(with: "again", count: 5)
        #expect(told.count == 5 && told[1].hasSuffix("(2 times more in 600 s)"), "\(told)")
        #expect(reader.lines(with: "heard", count: 1).count == 1)
    }

    @Test func summariesComeByThemselves() {
        let reader = Reader()
        let log = Log(level: .info, memory: 1 << 20, interval: .milliseconds(20), descriptor: reader.descriptor)
        for _ in 0..<2 { log.write(.warning, "no server") }
        #expect(reader.lines(with: "once more", count: 1).count == 1)
    }

    @Test func aLineIsOneLineAndOfBoundedLength() {
        let reader = Reader()
        let log = Log(level: .info, memory: 1 << 20, interval: .seconds(10), descriptor: reader.descriptor)
        log.write(.info, "two\nlines " + String(repeating: "é", count: 100_000))
        let line = reader.lines(with: "two", count: 1)[0]
        #expect(line.contains("two\\nlines"))
        #expect(line.hasSuffix("é…"))
        #expect(line.utf8.count < Log.longestText + 100)
    }

    @Test func whatIsLessSevereIsNotWritten() {
        let reader = Reader()
        let log = Log(level: .warning, memory: 1 << 20, interval: .seconds(10), descriptor: reader.descriptor)
        log.write(.info, "a")
        log.write(.error, "b")
        #expect(reader.lines(with: "error b", count: 1).count == 1)
        #expect(reader.lines(with: " info ", count: 0).isEmpty)
    }
}
