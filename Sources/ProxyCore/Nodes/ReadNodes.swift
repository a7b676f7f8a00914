/// The nodes that may run reads, and those of them that are to: the ones in the proxy's own zone, or all where none is.
struct ReadNodes: ~Copyable {
    private(set) var all: NodeList
    private(set) var near: NodeList

    init(capacity: Int) {
        all = NodeList(capacity: capacity)
        near = NodeList(capacity: capacity)
    }

    mutating func assign(_ nodes: [Int], isNear: (Int) -> Bool) {
        let inZone = nodes.filter(isNear)
        all.assign(nodes)
        near.assign(inZone.isEmpty ? nodes : inZone)
    }

    deinit {
        all.deallocate()
        near.deallocate()
    }
}
