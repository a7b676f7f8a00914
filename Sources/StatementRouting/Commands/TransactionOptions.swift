/// Modes of BEGIN, SET TRANSACTION and SET SESSION CHARACTERISTICS; nil where the statement does not give one.
package struct TransactionOptions: Equatable, Sendable {
    package enum Isolation: UInt8, Sendable, BitwiseCopyable {
        case readUncommitted
        case readCommitted
        case repeatableRead
        case serializable
    }

    package var isolation: Isolation?
    package var readOnly: Bool?
    package var deferrable: Bool?
    /// SET TRANSACTION SNAPSHOT.
    package var snapshot: String?

    package init(
        isolation: Isolation? = nil,
        readOnly: Bool? = nil,
        deferrable: Bool? = nil,
        snapshot: String? = nil
    ) {
        self.isolation = isolation
        self.readOnly = readOnly
        self.deferrable = deferrable
        self.snapshot = snapshot
    }

    /// From DefElem nodes (defname = 2, arg = 3). The last of several wins, as in PostgreSQL.
    init(nodes: [WireFields.Range]) {
        for node in nodes {
            guard let (kind, element) = node.node, kind == ParseTreeNode.defElem else { continue }
            let literal = element.bytes(3).flatMap { SettingLiteral(node: $0) }
            switch element.string(2) {
            case "transaction_isolation": isolation = literal.flatMap { Isolation(name: $0.text) }
            case "transaction_read_only": readOnly = literal.map { $0.text != "0" }
            case "transaction_deferrable": deferrable = literal.map { $0.text != "0" }
            default: break
            }
        }
    }
}

extension TransactionOptions.Isolation {
    /// The value of the setting transaction_isolation.
    package init?(name: String) {
        switch name.lowercased() {
        case "read uncommitted": self = .readUncommitted
        case "read committed": self = .readCommitted
        case "repeatable read": self = .repeatableRead
        case "serializable": self = .serializable
        default: return nil
        }
    }
}

extension TransactionOptions {
    /// With what is said later, which counts where both say something.
    package mutating func follow(_ later: TransactionOptions) {
        isolation = later.isolation ?? isolation
        readOnly = later.readOnly ?? readOnly
        deferrable = later.deferrable ?? deferrable
    }

    /// As BEGIN and SET TRANSACTION take them; empty where nothing is said. A snapshot is a statement of its own.
    package var words: String {
        var words: [String] = []
        switch isolation {
        case .readUncommitted: words.append("ISOLATION LEVEL READ UNCOMMITTED")
        case .readCommitted: words.append("ISOLATION LEVEL READ COMMITTED")
        case .repeatableRead: words.append("ISOLATION LEVEL REPEATABLE READ")
        case .serializable: words.append("ISOLATION LEVEL SERIALIZABLE")
        case nil: break
        }
        if let readOnly { words.append(readOnly ? "READ ONLY" : "READ WRITE") }
        if let deferrable { words.append(deferrable ? "DEFERRABLE" : "NOT DEFERRABLE") }
        return words.joined(separator: ", ")
    }
}
