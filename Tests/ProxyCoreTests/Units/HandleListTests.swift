import Bytes
import Testing

@testable import ProxyCore

@Suite struct HandleListTests {
    private func handle(_ number: Int) -> Handle { Handle(index: UInt32(number), generation: 1) }

    @Test func keepsEachOnceAndLosesNone() {
        var list = HandleList()
        for number in [1, 2, 3, 2, 4] { list.append(handle(number)) }
        #expect(list.map(\.index) == [1, 2, 3, 4])
        list.remove(handle(1))
        list.remove(handle(9))
        #expect(list.map(\.index) == [4, 2, 3])
        list.remove(handle(3))
        list.remove(handle(4))
        list.append(handle(1))
        #expect(list.map(\.index) == [2, 1])
        for number in [1, 2] { list.remove(handle(number)) }
        #expect(list.isEmpty)
        #expect(list.first == nil)
    }
}
