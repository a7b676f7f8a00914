import Foundation
import Testing

@testable import Configuration

/// proxy.conf.example and docs/CONFIGURATION.md say what the table says. After a change of the table,
/// `HOWDAH_TEST_REGENERATE=1 swift test --filter ReferenceTests` writes both anew.
@Suite struct ReferenceTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let begin = "<!-- settings: begin (made from the table of settings; do not edit) -->\n"
    private static let end = "<!-- settings: end -->\n"

    @Test func exampleFileIsTheTable() throws {
        try compare("proxy.conf.example") { _ in SettingReference.exampleFile() }
    }

    @Test func documentationIsTheTable() throws {
        try compare("docs/CONFIGURATION.md") { current in
            let begin = try #require(current.range(of: Self.begin)).upperBound
            let end = try #require(current.range(of: Self.end)).lowerBound
            return current.replacingCharacters(in: begin..<end, with: "\n" + SettingReference.markdownTables() + "\n")
        }
    }

    private func compare(_ name: String, with rendering: (String) throws -> String) throws {
        let url = Self.root.appendingPathComponent(name)
        let current = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
        let expected = try rendering(current)
        if ProcessInfo.processInfo.environment["HOWDAH_TEST_REGENERATE"] == "1" {
            try expected.write(to: url, atomically: true, encoding: .utf8)
            return
        }
        let lines = (current.components(separatedBy: "\n"), expected.components(separatedBy: "\n"))
        for index in 0..<max(lines.0.count, lines.1.count) {
            let found = index < lines.0.count ? lines.0[index] : "(end of file)"
            let wanted = index < lines.1.count ? lines.1[index] : "(end of file)"
            if found != wanted {
                Issue.record("\(name):\(index + 1) is\n  \(found)\nbut the table gives\n  \(wanted)")
                return
            }
        }
    }

    @Test func exampleLoadsToTheDefaults() throws {
        let example = SettingReference.exampleFile()
        let fromExample = try load(example, environment: [:], nodes: [])
        #expect(fromExample.nodes.map(\.host) == ["db1.example.com"])
        #expect(fromExample.proxy.authFile?.hasSuffix("/userlist.txt") == true)
        // With every default written out, nothing is another value.
        let spelledOut = example.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") && !line.hasPrefix("##")
                ? String(line.dropFirst()) : String(line)
        }.joined(separator: "\n")
        let fromSpelledOut = try load(spelledOut, environment: ["HOWDAH_AUTH_FILE": "u"], nodes: [])
        let fromNothing = try load(
            "[node one]\nhost = db1.example.com",
            environment: ["HOWDAH_AUTH_FILE": "u"],
            nodes: []
        )
        #expect(fromSpelledOut.proxy == fromNothing.proxy)
        #expect(fromSpelledOut.nodes == fromNothing.nodes)
        #expect(fromSpelledOut.listing == fromNothing.listing)
        #expect(
            fromSpelledOut.pools.options(database: "app", user: "app")
                == fromNothing.pools.options(database: "app", user: "app")
        )
    }

    @Test func theDocumentationsOwnExampleLoads() throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent("docs/CONFIGURATION.md"), encoding: .utf8)
        let snippet = try #require(text.components(separatedBy: "```ini\n").last?.components(separatedBy: "```").first)
        let configuration = try load(snippet, environment: [:], nodes: [])
        #expect(configuration.nodes.map(\.name) == ["one", "others-1", "others-2"])
        #expect(configuration.nodes.last?.monitorPassword?.reveal() == "it is secret")
        #expect(configuration.pools.options(database: "app", user: "reports").size == 40)
    }

    @Test func exampleNamesEverySetting() {
        let example = SettingReference.exampleFile()
        for name in SettingName.allCases {
            #expect(example.contains("\n#\(name.rawValue) = ") || example.contains("\n\(name.rawValue) = "))
        }
    }

    @Test func noLineOfTheExampleIsTooLong() {
        for line in SettingReference.exampleFile().split(separator: "\n") { #expect(line.count <= 120) }
    }
}
