/// Numbers from a seed (xorshift64*).
struct LeakNumbers {
    private var state: UInt64

    /// - Parameter seed: not 0.
    init(seed: UInt64) { state = seed == 0 ? 1 : seed }

    mutating func next(_ bound: Int) -> Int {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[next(elements.count)] }
}
