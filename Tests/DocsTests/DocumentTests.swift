import Foundation
import Testing

/// What the documents name must be there.
struct DocumentTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let documents = [
        "README.md", "docs/ARCHITECTURE.md", "docs/LIFE_OF_A_QUERY.md", "docs/DEPENDENCIES.md", "docs/CONFIGURATION.md",
        "docs/ROUTING.md", "docs/NOTIFICATIONS.md", "docs/SESSION_STATE.md", "docs/BOUNDS.md",
    ]

    /// Functions of PostgreSQL that the documents name, beside those that begin with `pg_`.
    private static let ofSQL: Set = ["random", "set_config"]

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    private static func sourceFiles() throws -> [String] {
        let folder = root.appendingPathComponent("Sources").path
        return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
    }

    /// Names behind `func` in the sources; `init` and enum cases are not among them.
    private static func functionNames() throws -> Set<String> {
        var names: Set<String> = []
        for file in try sourceFiles() {
            for match in try text("Sources/\(file)").matches(of: /\bfunc\s+([A-Za-z_][A-Za-z0-9_]*)/) {
                names.insert(String(match.1))
            }
        }
        return names
    }

    /// `name()`, `name(label:)` or `Type.name(…)` between backticks.
    private static func namedFunctions(in document: String) throws -> [String] {
        try text(document).matches(of: /`(?:[A-Za-z_][A-Za-z0-9_]*\.)*([a-z_][A-Za-z0-9_]*)\([A-Za-z0-9_:]*\)`/)
            .map { String($0.1) }
    }

    @Test func theFunctionsOfALifeExist() throws {
        let known = try Self.functionNames()
        let named = try Self.namedFunctions(in: "docs/LIFE_OF_A_QUERY.md")
        #expect(named.count > 50, "the pattern finds the names")
        #expect(Set(named).subtracting(known).sorted().isEmpty)
    }

    @Test func theFunctionsOfTheOtherDocumentsExist() throws {
        let known = try Self.functionNames()
        for document in ["docs/ARCHITECTURE.md", "docs/SESSION_STATE.md", "README.md"] {
            let named = try Self.namedFunctions(in: document).filter {
                !$0.hasPrefix("pg_") && !Self.ofSQL.contains($0)
            }
            #expect(Set(named).subtracting(known).sorted().isEmpty, "\(document)")
        }
    }

    /// `File.swift`, with or without its folder.
    @Test(arguments: [
        "docs/LIFE_OF_A_QUERY.md", "docs/ARCHITECTURE.md", "docs/NOTIFICATIONS.md", "docs/SESSION_STATE.md",
    ])
    func theFilesThatAreNamedExist(document: String) throws {
        let files = try Self.sourceFiles() + ["Package.swift"]
        let named = try Self.text(document).matches(of: /`([A-Za-z0-9_+\/]+\.swift)`/).map { String($0.1) }
        #expect(!named.isEmpty)
        let missing = named.filter { name in !files.contains { $0 == name || $0.hasSuffix("/\(name)") } }
        #expect(missing.isEmpty)
    }

    @Test(arguments: documents)
    func linksLeadToFiles(document: String) throws {
        let folder = Self.root.appendingPathComponent(document).deletingLastPathComponent()
        for match in try Self.text(document).matches(of: /\]\(([^)#]+)[^)]*\)/) where !match.1.contains("://") {
            let target = folder.appendingPathComponent(String(match.1)).path
            #expect(FileManager.default.fileExists(atPath: target), "\(document): \(match.1)")
        }
    }

    /// The settings that a document names in the example's form are settings.
    @Test func theSettingsOfTheTableOfBoundsExist() throws {
        let example = try Self.text("proxy.conf.example")
        let rows = try Self.text("docs/BOUNDS.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.count > 5)
        for row in rows {
            let name = row.split(separator: "`")[1]
            #expect(example.contains("#\(name) = "), "\(name)")
        }
    }

    @Test(arguments: [("README.md", 200), ("docs/ARCHITECTURE.md", 380)])
    func staysShort(document: String, lines: Int) throws {
        #expect(try Self.text(document).split(separator: "\n", omittingEmptySubsequences: false).count <= lines + 1)
    }
}
