import SeededRandom
import Testing

@testable import Bytes

struct ByteQueueTests {
    private let pool = BufferPool(limit: 1 << 30)

    @Test func anEmptyQueueHoldsNoMemory() {
        var queue = ByteQueue()
        #expect(queue.isEmpty == true)
        #expect(queue.firstChunk == nil)
        queue.append([], from: pool)
        #expect(pool.bytesInUse == 0)
        queue.append([1, 2, 3], from: pool)
        #expect(pool.bytesInUse == BufferPool.smallChunkSize)
        queue.consume(3, to: pool)
        #expect(pool.bytesInUse == 0)
        #expect(queue.firstChunk == nil)
    }

    @Test(arguments: [1, 4063, 4064, 4065, 8128, 65_503, 65_504, 65_505, 200_000])
    func holdsWhatWasAppended(size: Int) {
        var generator = SeededGenerator(seed: UInt64(size))
        let bytes = generator.bytes(size)
        var queue = ByteQueue()
        queue.append(bytes, from: pool)
        #expect(queue.count == size)
        #expect(queue.bytes() == bytes)
        queue.clear(to: pool)
        #expect(queue.isEmpty == true)
        #expect(pool.bytesInUse == 0)
    }

    @Test func everyKindOfSourceIsAppended() {
        var queue = ByteQueue()
        queue.append("ab", from: pool)
        queue.append([UInt8(ascii: "c")], from: pool)
        let more: [UInt8] = Array("de".utf8)
        queue.append(more.span.bytes, from: pool)
        more.withUnsafeBytes { queue.append($0, from: pool) }
        queue.append(UnsafeRawBufferPointer(start: nil, count: 0), from: pool)
        #expect(String(decoding: queue.bytes(), as: UTF8.self) == "abcdede")
        queue.clear(to: pool)
    }

    @Test func reservedRoomLiesInOnePieceAtAChunksEnd() {
        var queue = ByteQueue()
        let first = [UInt8](repeating: 1, count: 4062)
        queue.append(first, from: pool)
        // Two bytes are left in the chunk: five do not fit.
        let place = queue.reserve(5, from: pool)
        for offset in 0..<5 { place.storeBytes(of: UInt8(offset + 10), toByteOffset: offset, as: UInt8.self) }
        queue.append([9], from: pool)
        #expect(queue.bytes() == first + [10, 11, 12, 13, 14, 9])
        queue.clear(to: pool)
    }

    @Test func takingMovesChunksWithoutCopying() {
        var queue = ByteQueue()
        var other = ByteQueue()
        other.append([4, 5], from: pool)
        let chunk = other.firstChunk
        queue.take(&other)
        #expect(queue.firstChunk == chunk)
        #expect(other.isEmpty == true)
        #expect(other.firstChunk == nil)
        other.append([6], from: pool)
        queue.take(&other)
        queue.append([7], from: pool)
        queue.take(&other)
        #expect(queue.bytes() == [4, 5, 6, 7])
        #expect(queue.count == 4)
        queue.clear(to: pool)
        #expect(pool.bytesInUse == 0)
    }

    @Test func theChunksHoldTheBytesInOrder() {
        var queue = ByteQueue()
        var generator = SeededGenerator(seed: 5)
        let bytes = generator.bytes(150_000)
        queue.append(bytes, from: pool)
        queue.consume(1000, to: pool)
        var gathered: [UInt8] = []
        var chunk = queue.firstChunk
        while let current = chunk {
            #expect(!current.held.isEmpty)
            gathered += current.held
            chunk = current.pointee.next
        }
        #expect(gathered == Array(bytes[1000...]))
        queue.clear(to: pool)
    }

    @Test(arguments: [31, 32, 33, 34] as [UInt64])
    func agreesWithAnArray(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = ByteQueue()
        var model: [UInt8] = []
        for _ in 0..<1500 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<4:
                let bytes = generator.bytes(generator.size(below: 20_000))
                queue.append(bytes, from: pool)
                model += bytes
            case 4:
                let size = Int.random(in: 0...64, using: &generator)
                let bytes = generator.bytes(size)
                let place = queue.reserve(size, from: pool)
                for (offset, byte) in bytes.enumerated() {
                    place.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
                }
                model += bytes
            case 5:
                var other = ByteQueue()
                let bytes = generator.bytes(generator.size(below: 10_000))
                other.append(bytes, from: pool)
                queue.take(&other)
                model += bytes
            case 6..<9:
                let size = Int.random(in: 0...model.count, using: &generator)
                queue.consume(size, to: pool)
                model.removeFirst(size)
            default:
                if Int.random(in: 0..<50, using: &generator) == 0 {
                    queue.clear(to: pool)
                    model.removeAll()
                }
            }
            #expect(queue.count == model.count)
            #expect(queue.isEmpty == (pool.bytesInUse == 0) || queue.firstChunk != nil)
        }
        #expect(queue.bytes() == model)
        queue.clear(to: pool)
        #expect(pool.bytesInUse == 0)
    }
}
