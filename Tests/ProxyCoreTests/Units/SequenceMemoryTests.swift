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
        #expect(memory.isFree(for: one) && !memory.isOf(one))
        memory.mayMove(one)
        #expect(memory.isOf(one) && memory.isFree(for: one))
        #expect(!memory.isOf(other) && !memory.isFree(for: other))
        memory.reset()
        #expect(memory == SequenceMemory())
    }

    @Test("What several have used serves nobody: the last one may have moved none, or another than is asked for")
    func several() {
        let one = slab.insert { _ in 1 }
        let other = slab.insert { _ in 2 }
        var memory = SequenceMemory()
        memory.mayMove(one)
        memory.mayMove(other)
        #expect(!memory.isOf(other) && !memory.isFree(for: other) && !memory.isFree(for: one))
    }
}
