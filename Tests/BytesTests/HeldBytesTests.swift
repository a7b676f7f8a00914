import SeededRandom
import Testing

@testable import Bytes

struct HeldBytesTests {
    private let pool = BufferPool(limit: 1 << 30)
    private static let largestInChunk = BufferPool.largeChunkSize - Chunk.headerSize

    private func append(_ bytes: [UInt8], to held: inout HeldBytes) {
        bytes.withUnsafeBytes { held.append($0, from: pool) }
    }

    @Test func holdsMemoryOnlyWhileItHoldsBytes() {
        var held = HeldBytes()
        #expect(held.isEmpty == true)
        #expect(held.bytes.isEmpty == true)
        append([], to: &held)
        #expect(pool.bytesInUse == 0)
        append([1, 2], to: &held)
        #expect(pool.bytesInUse == BufferPool.smallChunkSize)
        held.consume(1, to: pool)
        #expect(Array(held.bytes) == [2])
        held.consume(1, to: pool)
        #expect(held.isEmpty == true)
        #expect(pool.bytesInUse == 0)
    }

    /// From a small chunk to a large one to memory of its own, at each border.
    @Test(arguments: [4063, 4064, 4065, largestInChunk - 1, largestInChunk, largestInChunk + 1, 1 << 20])
    func staysInOnePieceAsItGrows(size: Int) {
        var generator = SeededGenerator(seed: UInt64(size))
        let bytes = generator.bytes(size)
        var held = HeldBytes()
        append(Array(bytes.prefix(size / 2)), to: &held)
        append(Array(bytes.dropFirst(size / 2)), to: &held)
        #expect(held.count == size)
        #expect(Array(held.bytes) == bytes)
        held.clear(to: pool)
        #expect(held.isEmpty == true)
        #expect(pool.bytesInUse == 0)
    }

    @Test func memoryOfItsOwnCountsAgainstThePool() {
        var held = HeldBytes()
        append([UInt8](repeating: 1, count: Self.largestInChunk + 1), to: &held)
        #expect(pool.bytesInUse > Self.largestInChunk)
        held.clear(to: pool)
        #expect(pool.bytesInUse == 0)
    }

    @Test func bytesAreShiftedWhereThatMakesRoom() {
        var held = HeldBytes()
        append([UInt8](repeating: 1, count: 4000), to: &held)
        held.consume(3990, to: pool)
        append([UInt8](repeating: 2, count: 500), to: &held)
        #expect(Array(held.bytes) == [UInt8](repeating: 1, count: 10) + [UInt8](repeating: 2, count: 500))
        #expect(pool.bytesInUse == BufferPool.smallChunkSize)
        held.clear(to: pool)
    }

    @Test(arguments: [41, 42, 43, 44] as [UInt64])
    func agreesWithAnArray(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var held = HeldBytes()
        var model: [UInt8] = []
        for _ in 0..<1500 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<6:
                let bytes = generator.bytes(generator.size(below: 20_000))
                append(bytes, to: &held)
                model += bytes
            case 6..<9:
                let size = Int.random(in: 0...model.count, using: &generator)
                held.consume(size, to: pool)
                model.removeFirst(size)
            default:
                held.clear(to: pool)
                model.removeAll()
            }
            #expect(held.count == model.count)
            #expect(held.isEmpty == model.isEmpty)
            if model.isEmpty { #expect(pool.bytesInUse == 0) }
        }
        #expect(Array(held.bytes) == model)
        held.clear(to: pool)
        #expect(pool.bytesInUse == 0)
    }
}
