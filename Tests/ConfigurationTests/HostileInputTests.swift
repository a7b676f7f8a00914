import SeededRandom
import Testing

@testable import Configuration

/// Whatever a file, a variable or a connection string holds, it is read or refused; nothing crashes.
@Suite struct HostileInputTests {
    @Test func randomBytes() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            exercise(bytes)
        }
    }

    /// Pieces of valid input in any order reach much deeper than noise does.
    @Test func randomPieces() {
        let pieces = [
            "[", "]", "proxy", "node ", "database ", "user ", "*", "=", " ", "\n", "'", "''", "#", "pool_size",
            "conninfo",
            "host", "port", "weight", "password", "5", "99999999999999999999", "1.5", "kB", "min", "a", "é", "\\", "\r",
            "\t",
            "postgres://", "@", ":", "/", "?", "&", "%", "%41", ",", ";", "::1", "listen_addresses", "\u{0}",
            "query_wait_timeout",
        ]
        var random = SeededGenerator(seed: 2)
        var accepted = 0
        for _ in 0..<600 {
            let text = (0..<Int.random(in: 1...24, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            accepted += exercise(Array(text.joined().utf8))
        }
        // Else the pieces would only ever meet the first check.
        #expect(accepted > 0)
    }

    /// Damaged copies of the example meet every kind of line.
    @Test func damagedExample() {
        let example = Array(SettingReference.exampleFile().utf8)
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20 {
            var bytes = example
            for _ in 0..<20 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...127, using: &random)
            }
            exercise(bytes)
        }
    }

    /// The number of connection strings among these inputs that were accepted.
    @discardableResult
    private func exercise(_ bytes: [UInt8]) -> Int {
        _ = ConfigurationFileParser.parse(bytes, path: "f")
        let text = String(decoding: bytes, as: UTF8.self)
        for definition in SettingTable.definitions { _ = try? definition.kind.parse(text) }
        _ = ConfigurationEnvironment(["HOWDAH_" + text: text, "HOWDAH_NODES": text, "HOWDAH_USERS": text])
        return ["", "host=", "postgres://"].count { (try? Conninfo($0 + text)) != nil }
    }
}
