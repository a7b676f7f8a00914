/// The same numbers from the same seed (SplitMix64), so that a failure comes back. Not the generator that the engine
/// uses.
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }

    /// A size below `bound`, small ones as likely as large ones.
    package mutating func size(below bound: Int) -> Int {
        let bits = Int.random(in: 0...(Int.bitWidth - bound.leadingZeroBitCount), using: &self)
        return min(bound - 1, Int.random(in: 0..<max(1, 1 << bits), using: &self))
    }

    package mutating func next(upTo limit: UInt64) -> UInt64 { next() % max(1, limit) }

    package mutating func chance(_ percent: UInt64) -> Bool { next() % 100 < percent }
}
