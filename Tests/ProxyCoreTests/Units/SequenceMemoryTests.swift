import Bytes
import Testing

@testable import ProxyCore

struct SequenceMemoryTests {
    private let slab = Slab<Int>()

    @Test("What one client alone has used is its own, also when it comes back")
    func alone() {
        let one = slab.insert { _ in 1 }
        let other = slab.insert { _ in 2 }
        var memory = SequenceMemory()
        #expect(memory.serves(one) && memory.isFree(for: one) && !memory.isOf(one))
        memory.mayMove(one)
        memory.isHandedOver()
        #expect(memory.isOf(one) && memory.serves(one) && memory.isFree(for: one))
        #expect(!memory.isOf(other) && !memory.serves(other) && !memory.isFree(for: other))
        memory.reset()
        #expect(memory == SequenceMemory())
    }

    @Test("What several have used serves the last one only as long as it has the server")
    func several() {
        let one = slab.insert { _ in 1 }
        let other = slab.insert { _ in 2 }
        var memory = SequenceMemory()
        memory.mayMove(one)
        memory.isHandedOver()
        memory.mayMove(other)
        #expect(memory.serves(other) && !memory.isOf(other) && !memory.isFree(for: other) && !memory.serves(one))
        memory.isHandedOver()
        #expect(!memory.serves(other))
    }
}
