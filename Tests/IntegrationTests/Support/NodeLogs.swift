import Foundation

@testable import LocalCluster

/// What the nodes have logged since this was made: where a statement ran, by their own word.
struct NodeLogs {
    private let nodes: [LocalNode]
    private let starts: [UInt64]

    init(_ cluster: LocalCluster) {
        nodes = cluster.nodes
        starts = nodes.map { node in
            let attributes = try? FileManager.default.attributesOfItem(atPath: node.log)
            return (attributes?[.size] as? NSNumber)?.uint64Value ?? 0
        }
    }

    /// The names of the nodes that have logged this text. A statement is logged before it runs, so that its reply comes
    /// later.
    func nodes(with text: String) throws -> [String] {
        try zip(nodes, starts).filter { node, start in
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: node.log))
            defer { try? file.close() }
            try file.seek(toOffset: start)
            let bytes = try file.readToEnd() ?? Data()
            return bytes.range(of: Data(text.utf8)) != nil
        }.map(\.0.name)
    }
}
