import Foundation
import Testing

/// The folders of ProxyCore are departments, and their dependencies run one way: as in the picture of ARCHITECTURE.md.
struct DepartmentTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let core = root.appendingPathComponent("Sources/ProxyCore")
    /// They may name anybody's types.
    private static let above: Set = ["Engine", "Verification"]

    private struct File {
        let path: String
        let department: String
        /// Without comments and literals.
        let code: String
    }

    private static func files() throws -> [File] {
        try FileManager.default.subpathsOfDirectory(atPath: core.path).filter { $0.hasSuffix(".swift") }.map { path in
            let text = try String(contentsOf: core.appendingPathComponent(path), encoding: .utf8)
            let parts = path.split(separator: "/")
            let isEngines = parts.last?.hasPrefix("Engine") == true
            return File(
                path: path,
                department: isEngines ? "Engine" : String(parts[0]),
                code: text.replacing(/\/\/[^\n]*/, with: "").replacing(/"(?:\\.|[^"\\\n])*"/, with: "\"\"")
            )
        }
    }

    /// By department, how far down it stands in the picture.
    private static func picture() throws -> [String: Int] {
        let text = try String(contentsOf: root.appendingPathComponent("docs/ARCHITECTURE.md"), encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## Departments\n").last)
        let lines = try #require(section.components(separatedBy: "```").dropFirst().first).split(separator: "\n")
        let known = try Set(files().map(\.department))
        var depths: [String: Int] = [:]
        for (depth, line) in lines.enumerated() {
            for word in line.split(whereSeparator: { !$0.isLetter }).map(String.init) where known.contains(word) {
                #expect(depths.updateValue(depth, forKey: word) == nil, "\(word) stands there twice")
            }
        }
        return depths
    }

    @Test func eachStandsInThePicture() throws {
        let departments = try Set(Self.files().map(\.department))
        #expect(try Set(Self.picture().keys) == departments)
    }

    @Test func eachNamesTypesOnlyOfThoseBelow() throws {
        let (files, picture) = (try Self.files(), try Self.picture())
        var owners: [String: String] = [:]
        for file in files where file.department != "Verification" {
            let declared = file.code.matches(
                of: /(?m)^(?:package |final |indirect )*(?:struct|enum|class|protocol|typealias) (\w+)/
            )
            for match in declared { owners[String(match.1)] = file.department }
        }
        #expect(owners["Conversation"] == "Server" && owners["Engine"] == "Engine", "the pattern finds them")
        for file in files where !Self.above.contains(file.department) {
            let depth = try #require(picture[file.department])
            for word in Set(file.code.matches(of: /\b[A-Z]\w+\b/).map { String($0.0) }) {
                guard let owner = owners[word], owner != file.department else { continue }
                #expect(picture[owner].map { $0 > depth } == true, "\(file.path) names \(word) of \(owner)")
            }
        }
    }
}
