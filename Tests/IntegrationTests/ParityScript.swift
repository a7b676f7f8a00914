/// What one client sends, step by step; after each step it waits for the replies.
struct ParityScript: Sendable {
    struct Step: Sendable {
        /// The messages, for a report.
        var name: String
        var bytes: [UInt8]
        /// ReadyForQuery messages that answer it.
        var cycles: Int
    }

    var name: String
    var steps: [Step]

    /// Simple queries, one after the other.
    static func simple(_ statements: String...) -> ParityScript {
        ParityScript(
            name: statements.joined(separator: " ;; "),
            steps: statements.map { Step(name: $0, bytes: Frontend.query($0), cycles: 1) }
        )
    }

    /// The same in the extended protocol.
    static func extended(_ statements: String...) -> ParityScript {
        ParityScript(
            name: "extended: " + statements.joined(separator: " ;; "),
            steps: statements.map { Step(name: $0, bytes: Frontend.extended($0), cycles: 1) }
        )
    }

    /// Batches of messages.
    static func messages(_ name: String, _ batches: [[UInt8]]...) -> ParityScript {
        ParityScript(
            name: name,
            steps: batches.enumerated().map { index, batch in
                let syncs = batch.filter {
                    $0.first == UInt8(ascii: "S") || $0.first == UInt8(ascii: "Q") || $0.first == UInt8(ascii: "F")
                }
                return Step(name: "\(name), batch \(index)", bytes: batch.flatMap { $0 }, cycles: syncs.count)
            }
        )
    }
}
