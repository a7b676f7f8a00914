import Bytes

/// Seeded choices: everything random in a simulation comes from one of these.
package struct Dice {
    private var source: RandomSource

    package init(seed: UInt64) {
        source = RandomSource(seed: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        for _ in 0..<4 { _ = source.next() }
    }

    package mutating func below(_ bound: Int) -> Int { Int((source.next() >> 11) % UInt64(max(1, bound))) }

    package mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
