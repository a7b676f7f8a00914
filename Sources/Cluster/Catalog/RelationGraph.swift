/// Which relations a read of a relation comes upon, and what follows from that. Relations are named by their oid.
struct RelationGraph {
    struct Relation {
        let schema: String
        let name: String
    }

    private static let mostReaches = 4_000_000

    private var relations: [UInt32: Relation] = [:]
    private var reaches: [UInt32: Set<RelationReach>] = [:]
    private var readers: [UInt32: [UInt32]] = [:]

    /// A relation whose row is wanted if it reaches anything; relations that were never added are passed through, but
    /// get no row.
    mutating func add(_ oid: UInt32, schema: String, name: String) {
        relations[oid] = Relation(schema: schema, name: name)
    }

    /// The relation is, or directly uses, such a thing.
    mutating func add(_ reach: RelationReach, to oid: UInt32) {
        reaches[oid, default: []].insert(reach)
    }

    /// A read of `reader` reads `source`: a view its table, a parent its child, a table the one its policy looks into.
    mutating func add(reader: UInt32, of source: UInt32) {
        readers[source, default: []].append(reader)
    }

    /// Hands everything on from what is read to who reads it, until nothing is new. Rings do no harm.
    ///
    /// - Returns: the rows, by schema and name.
    /// - Throws: where all reach more than any schema of people's would: many rows times many is no number that the
    ///   length of an answer bounds.
    consuming func rows() throws(ProbeFailure) -> [RelationRow] {
        var left = Self.mostReaches
        var pending: [(oid: UInt32, reach: RelationReach)] = []
        for (oid, found) in reaches {
            for reach in found { pending.append((oid, reach)) }
        }
        while let (oid, reach) = pending.popLast() {
            for reader in readers[oid] ?? [] where reaches[reader, default: []].insert(reach).inserted {
                pending.append((reader, reach))
                left -= 1
                if left < 0 {
                    throw .malformedAnswer("its relations read each other more than \(Self.mostReaches) times")
                }
            }
        }
        let rows = reaches.compactMap { oid, found in
            relations[oid].map { RelationRow(schema: $0.schema, name: $0.name, reaches: found.sorted()) }
        }
        return rows.sorted { ($0.schema, $0.name) < ($1.schema, $1.name) }
    }
}
