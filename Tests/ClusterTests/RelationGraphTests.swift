import Testing

@testable import Cluster

@Suite struct RelationGraphTests {
    @Test func whatIsReachedGoesUpToEveryReader() throws {
        var graph = RelationGraph()
        for (oid, name) in [(1, "table"), (2, "log"), (3, "view"), (4, "outer"), (5, "plain"), (6, "counter")] {
            graph.add(UInt32(oid), schema: "public", name: name)
        }
        graph.add(.unlogged, to: 2)
        graph.add(.sequence, to: 6)
        graph.add(.volatileFunction(schema: "app", name: "f"), to: 3)
        // 9 is an ordinary table with row security that looks into the unlogged one: no row of its own was asked for.
        graph.add(reader: 9, of: 2)
        graph.add(reader: 3, of: 9)
        graph.add(reader: 4, of: 3)
        graph.add(reader: 4, of: 6)
        graph.add(reader: 5, of: 1)
        #expect(
            try graph.rows() == [
                RelationRow(schema: "public", name: "counter", reaches: [.sequence]),
                RelationRow(schema: "public", name: "log", reaches: [.unlogged]),
                RelationRow(
                    schema: "public",
                    name: "outer",
                    reaches: [.unlogged, .sequence, .volatileFunction(schema: "app", name: "f")]
                ),
                RelationRow(
                    schema: "public",
                    name: "view",
                    reaches: [.unlogged, .volatileFunction(schema: "app", name: "f")]
                ),
            ]
        )
    }

    @Test func ringsEnd() throws {
        var graph = RelationGraph()
        graph.add(1, schema: "s", name: "a")
        graph.add(2, schema: "s", name: "b")
        graph.add(reader: 1, of: 2)
        graph.add(reader: 2, of: 1)
        graph.add(.foreign, to: 1)
        #expect(try graph.rows().map(\.reaches) == [[.foreign], [.foreign]])
    }

    @Test func deepChainsAreFollowed() throws {
        var graph = RelationGraph()
        for oid in 1...20_000 as ClosedRange<UInt32> { graph.add(reader: oid + 1, of: oid) }
        graph.add(.unlogged, to: 1)
        graph.add(20_001, schema: "s", name: "top")
        #expect(try graph.rows() == [RelationRow(schema: "s", name: "top", reaches: [.unlogged])])
    }
}
