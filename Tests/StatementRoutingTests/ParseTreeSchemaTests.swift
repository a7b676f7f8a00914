import Foundation
import Testing

@testable import StatementRouting

/// The embedded table and numbers against the proto file that libpg-query-dev installs.
@Suite struct ParseTreeSchemaTests {
    private struct Message {
        var name: String
        var fields: [(type: String, name: String, number: Int)]
    }

    private static let messages: [String: Message] = {
        let path = "/usr/include/pg_query/pg_query.proto"
        guard let proto = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
        var messages: [String: Message] = [:]
        var current: Message?
        for line in proto.split(separator: "\n") {
            if let match = line.wholeMatch(of: /message (\w+) *\{?/) {
                current = Message(name: String(match.1), fields: [])
            } else if line.starts(with: "}"), let message = current {
                messages[message.name] = message
                current = nil
            } else if let match = line.firstMatch(of: /(\w+)\s+(\w+)\s*=\s*(\d+)/) {
                current?.fields.append((String(match.1), String(match.2), Int(match.3)!))
            }
        }
        return messages
    }()

    @Test func theTableIsThatOfTheProtoFile() throws {
        let node = try #require(Self.messages["Node"])
        var rows: [String] = []
        let numbers = Dictionary(uniqueKeysWithValues: node.fields.map { ($0.type, $0.number) })
        for (type, _, number) in node.fields.sorted(by: { $0.number < $1.number }) {
            #expect(number < ParseTreeSchema.messageCount)
            let children = try #require(Self.messages[type]).fields.compactMap { field -> String? in
                #expect(field.number < ParseTreeSchema.fieldCount)
                if field.type == "Node" { return "\(field.number)" }
                // A message that is not among the nodes could not be walked.
                guard let child = numbers[field.type] else {
                    #expect(Self.messages[field.type] == nil, "\(type).\(field.name)")
                    return nil
                }
                return "\(field.number):\(child)"
            }
            if !children.isEmpty { rows.append("\(number) \(children.joined(separator: " "));") }
        }
        #expect(ParseTreeSchema.table.description == rows.joined())
    }

    @Test func theNumbersAreThoseOfTheProtoFile() throws {
        let node = try #require(Self.messages["Node"])
        let numbers = Dictionary(uniqueKeysWithValues: node.fields.map { ($0.type, $0.number) })
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/StatementRouting/Grammar/ParseTreeNode.swift")
        let text = try String(contentsOf: source, encoding: .utf8)
        var checked = 0
        for match in text.matches(of: /static let (\w+) = (\d+)/) {
            let name = match.1.prefix(1).uppercased() + match.1.dropFirst()
            let type = [name, name.replacing("PlAssign", with: "PLAssign"), name.replacing(/^A/, with: "A_")]
                .first { numbers[$0] != nil }
            #expect(type.flatMap { numbers[$0] } == Int(match.2), "\(name)")
            checked += 1
        }
        #expect(checked > 50)
    }

    /// What is not a statement by its name must not count as one, and the other way round.
    @Test func allStatementsAreKnownAsSuch() throws {
        let node = try #require(Self.messages["Node"])
        for (type, _, number) in node.fields where type != "RawStmt" {
            let isStatement = type.hasSuffix("Stmt") && type != "SetOperationStmt" && type != "PLAssignStmt"
            #expect(ParseTreeNode.isStatement(number) == isStatement, "\(type)")
        }
    }
}
