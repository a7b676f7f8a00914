import SeededRandom
import Testing

@testable import Bytes

struct RingQueueTests {
    @Test func aNewQueueIsEmpty() {
        let queue = RingQueue<Int>()
        #expect(queue.isEmpty == true)
        #expect(queue.count == 0)
        #expect(queue.first == nil)
    }

    @Test func firstInFirstOut() {
        var queue = RingQueue<Int>()
        for value in 0..<100 { queue.append(value) }
        #expect(queue.count == 100)
        var taken: [Int] = []
        while !queue.isEmpty { taken.append(queue.removeFirst()) }
        #expect(taken == Array(0..<100))
    }

    /// Growing while the contents wrap around the ring's end keeps their order, wherever the head stands.
    @Test(arguments: 0..<8)
    func growsWithItsContentsWrapped(head: Int) {
        var queue = RingQueue<Int>()
        for value in 0..<head { queue.append(value) }
        for _ in 0..<head { queue.removeFirst() }
        for value in 0..<9 { queue.append(value) }
        #expect((0..<queue.count).map { queue[$0] } == Array(0..<9))
        #expect(queue.first == 0)
        #expect(queue.removeLast() == 8)
        #expect(queue.removeFirst() == 0)
        #expect((0..<queue.count).map { queue[$0] } == Array(1..<8))
    }

    @Test func elementsCanBeReplacedInPlace() {
        var queue = RingQueue<Int>()
        for value in 0..<6 { queue.append(value) }
        for _ in 0..<5 { queue.removeFirst() }
        for value in 6..<12 { queue.append(value) }
        queue[3] = 100
        #expect((0..<queue.count).map { queue[$0] } == [5, 6, 7, 100, 9, 10, 11])
    }

    @Test func canBeUsedAgainAfterRemoveAll() {
        var queue = RingQueue<Int>()
        for value in 0..<20 { queue.append(value) }
        queue.removeAll()
        #expect(queue.isEmpty == true)
        #expect(queue.first == nil)
        queue.append(1)
        #expect(queue.first == 1)
        #expect(queue.count == 1)
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func agreesWithAnArray(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = RingQueue<UInt32>()
        var model: [UInt32] = []
        for step in 0..<5000 {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<48:
                queue.append(UInt32(step))
                model.append(UInt32(step))
            case 48..<85 where !model.isEmpty: #expect(queue.removeFirst() == model.removeFirst())
            case 85..<94 where !model.isEmpty: #expect(queue.removeLast() == model.removeLast())
            case 94..<99 where !model.isEmpty:
                let place = model.indices.randomElement(using: &generator)!
                queue[place] = UInt32(step)
                model[place] = UInt32(step)
            case 99 where Int.random(in: 0..<40, using: &generator) == 0:
                queue.removeAll()
                model.removeAll()
            default: break
            }
            #expect(queue.count == model.count)
            #expect(queue.first == model.first)
        }
        #expect((0..<queue.count).map { queue[$0] } == model)
    }
}
