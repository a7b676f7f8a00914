import Bytes
@testable import ProxyCore
import SeededRandom
import Testing

/// Who waits for a server, and who of them is served next.
struct WaitQueueTests {
    private static func client(_ number: UInt32) -> Handle { Handle(index: number, generation: 1) }

    @Test("The first is who has waited longest and has not left")
    func first() {
        var queue = WaitQueue()
        for number in 1...4 { queue.append(Self.client(UInt32(number)), since: Microseconds(number)) }
        queue.left()
        queue.left()
        let gone: Set<UInt32> = [1, 3]
        let first = queue.first { !gone.contains($0.client.index) }
        #expect(first?.client.index == 2)
        let counts = [queue.count, queue.waiting]
        #expect(counts == [3, 2])
        let none = queue.first { _ in false }
        #expect(none == nil)
        let isEmpty = queue.count == 0
        #expect(isEmpty)
    }

    @Test("Who was passed over is not looked at again before something changes that decides it")
    func passed() {
        var queue = WaitQueue()
        for number in 0..<UInt32(100) { queue.append(Self.client(number), since: 0) }
        var passed = WaitQueue.Passed()
        var looks = 0
        let look = { (epoch: UInt64, anybody: Bool, queue: borrowing WaitQueue) in
            passed.begin(epoch, queue.order, anybody)
            return queue.firstServed(&passed) {
                looks += 1
                return $0.client.index == 60
            }
        }
        #expect(look(1, false, queue) == 60)
        #expect(looks == 61)
        #expect(look(1, false, queue) == 60)
        #expect(looks == 62)
        // Those in front have left: places keep their numbers.
        _ = queue.first { $0.client.index >= 50 }
        #expect(look(1, false, queue) == 10)
        #expect(looks == 63)
        #expect(look(2, false, queue) == 10)
        #expect(looks == 74)
        #expect(look(2, true, queue) == 10)
        #expect(looks == 85)
        queue.compact { $0.client.index != 60 }
        #expect(look(2, true, queue) == nil)
        #expect(looks == 85 + 49)
        #expect(look(2, true, queue) == nil)
        #expect(looks == 85 + 49)
    }

    @Test("One that fits goes before the first a few times, from the front of the queue alone")
    func fittest() {
        var queue = WaitQueue()
        for number in 0..<UInt32(100) { queue.append(Self.client(number), since: 0) }
        var served: [Int] = []
        for _ in 0..<6 { served.append(queue.fittest(0) { $0.client.index == 5 }) }
        #expect(served == [5, 5, 5, 5, 0, 0])
        // Who is passed over for want of anybody who fits has let nobody go first.
        for _ in 0..<6 { served.append(queue.fittest(1) { $0.client.index == UInt32(WaitQueue.mostLookedAt) }) }
        #expect(served.suffix(6).allSatisfy { $0 == 1 })
        let fits = queue.fittest(1) { $0.client.index == 2 }
        #expect(fits == 2)
        let isFirst = queue.fittest(2) { $0.client.index == 2 || $0.client.index == 0 }
        #expect(isFirst == 2)
    }

    @Test("Whoever comes, leaves and is served, nobody is lost and none overtakes more than a few", arguments: 1...20)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = WaitQueue()
        var waiting: [UInt32: (settings: Int, overtaken: Int)] = [:]
        var next: UInt32 = 0
        for _ in 0..<2000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                queue.append(Self.client(next), since: 0)
                waiting[next] = (Int.random(in: 0..<4, using: &random), 0)
                next += 1
            case 2:
                // Many give up at once now and then.
                let count = Int.random(in: 0..<40, using: &random) == 0 ? waiting.count / 2 : 1
                for number in waiting.keys.sorted().shuffled(using: &random).prefix(count) {
                    waiting[number] = nil
                    queue.left()
                }
            default:
                let settings = Int.random(in: 0..<4, using: &random)
                let first = queue.first { waiting[$0.client.index] != nil }
                #expect(first?.client.index == waiting.keys.min())
                guard let first else { continue }
                let place = queue.fittest(0) { waiting[$0.client.index]?.settings == settings }
                let served = queue[place].client.index
                #expect(place == 0 || waiting[served]?.settings == settings)
                if place != 0 {
                    waiting[first.client.index]?.overtaken += 1
                    #expect(waiting[first.client.index]?.overtaken ?? 0 <= WaitQueue.mostPassedOver)
                }
                waiting[served] = nil
                queue.left()
            }
            if queue.isStale { queue.compact { waiting[$0.client.index] != nil } }
            let count = queue.waiting
            #expect(count == waiting.count)
            let isBounded = queue.count <= 2 * waiting.count + 65
            #expect(isBounded)
        }
        #expect(next > 500)
    }
}
