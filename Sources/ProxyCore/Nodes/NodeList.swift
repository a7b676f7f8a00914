/// Indexes of nodes, in memory that stays where it is: read with each query, written when a role or a lag changes.
struct NodeList: BitwiseCopyable {
    private let base: UnsafeMutablePointer<Int>
    private(set) var count = 0

    init(capacity: Int) { base = .allocate(capacity: capacity) }

    mutating func assign(_ nodes: [Int]) {
        for (place, node) in nodes.enumerated() { (base + place).initialize(to: node) }
        count = nodes.count
    }

    @inline(__always)
    subscript(place: Int) -> Int { base[place] }

    @inline(__always)
    var isEmpty: Bool { count == 0 }

    var indexes: [Int] { (0..<count).map { base[$0] } }

    func contains(_ node: Int) -> Bool {
        for place in 0..<count where base[place] == node { return true }
        return false
    }

    func deallocate() { base.deallocate() }
}
