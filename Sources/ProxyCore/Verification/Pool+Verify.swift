import Bytes

extension Pool {
    /// Whether the pool's counts agree with who is there.
    func verify(_ census: Census, _ findings: inout Findings) {
        let name = key
        let counted = census.pools[handle] ?? Census.OfPool()
        findings.expect(clients, is: counted.clients, "pool \(name) counts clients")
        findings.expect(readers.waiting, is: counted.waitingToRead, "pool \(name) counts who waits to read")
        findings.expect(
            writers.waiting,
            is: counted.waiting - counted.waitingToRead,
            "pool \(name) counts who waits to write"
        )
        findings.expect(readers.count >= readers.waiting, "pool \(name): who waits to read is not in the queue")
        findings.expect(writers.count >= writers.waiting, "pool \(name): who waits to write is not in the queue")
        for node in 0..<nodeCount {
            let there = census.nodes[Census.Place(pool: handle, node: node)] ?? Census.OfNode()
            findings.expect(nodes[node].idle.count, is: there.idle, "pool \(name) counts idle servers of node \(node)")
            var idle: Set<Handle> = []
            nodes[node].idle.forEach { idle.insert($0.server) }
            findings.expect(
                idle.count,
                is: there.idle,
                "pool \(name) has an idle server twice on node \(node)"
            )
            findings.expect(
                nodes[node].connecting,
                is: there.connecting,
                "pool \(name) counts connections to node \(node)"
            )
            findings.expect(nodes[node].active, is: there.active, "pool \(name) counts active servers of node \(node)")
            findings.expect(
                nodes[node].leaving,
                is: there.leaving,
                "pool \(name) counts leaving servers of node \(node)"
            )
        }
    }
}
