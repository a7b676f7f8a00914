import SeededRandom
import Testing

@testable import Bytes

struct BufferPoolTests {
    private static let smallRoom = BufferPool.smallChunkSize - Chunk.headerSize
    private static let largeRoom = BufferPool.largeChunkSize - Chunk.headerSize

    @Test func theHeaderFitsInFrontOfTheBytes() {
        #expect(MemoryLayout<Chunk>.size <= Chunk.headerSize)
    }

    @Test(arguments: [
        (0, smallRoom), (1, smallRoom), (smallRoom, smallRoom), (smallRoom + 1, largeRoom), (largeRoom, largeRoom),
        (largeRoom + 1, largeRoom), (10 << 20, largeRoom),
    ])
    func lendsByTheSizeAskedFor(asked: Int, room: Int) {
        let pool = BufferPool(limit: 1 << 20)
        let chunk = pool.take(for: asked)
        #expect(chunk.pointee.room == room)
        #expect(chunk.pointee.capacity == room)
        #expect(chunk.pointee.next == nil)
        #expect(chunk.held.isEmpty)
        #expect(pool.bytesInUse == room + Chunk.headerSize)
        pool.give(chunk)
        #expect(pool.bytesInUse == 0)
    }

    @Test func aChunkThatComesBackIsLentAgainEmpty() {
        let pool = BufferPool(limit: 1 << 20)
        let first = pool.take(for: 10)
        first.bytes.storeBytes(of: 0xAA, as: UInt8.self)
        first.pointee.end = 10
        first.pointee.start = 3
        pool.give(first)
        let second = pool.take(for: 10)
        #expect(second == first)
        #expect(second.held.isEmpty)
        #expect(second.pointee.room == Self.smallRoom)
        pool.give(second)
    }

    @Test func smallAndLargeChunksAreNotMixedUp() {
        let pool = BufferPool(limit: 1 << 20)
        let small = pool.take(for: 1)
        let large = pool.take(for: Self.smallRoom + 1)
        pool.give(small)
        pool.give(large)
        let again = pool.take(for: Self.smallRoom + 1)
        #expect(again == large)
        #expect(again.pointee.room == Self.largeRoom)
        pool.give(again)
    }

    @Test(arguments: [0, 1 << 16, 1 << 20])
    func countsWhatIsLentWhateverItKeeps(limit: Int) {
        let pool = BufferPool(limit: limit)
        var generator = SeededGenerator(seed: 21)
        var lent: [UnsafeMutablePointer<Chunk>] = []
        for _ in 0..<2000 {
            if lent.isEmpty || (lent.count < 100 && Bool.random(using: &generator)) {
                lent.append(pool.take(for: generator.size(below: 100_000)))
            } else {
                pool.give(lent.remove(at: Int.random(in: 0..<lent.count, using: &generator)))
            }
            #expect(pool.bytesInUse == lent.reduce(0) { $0 + $1.pointee.size })
            #expect(Set(lent).count == lent.count, "a chunk was lent twice")
        }
        for chunk in lent { pool.give(chunk) }
        #expect(pool.bytesInUse == 0)
    }
}
