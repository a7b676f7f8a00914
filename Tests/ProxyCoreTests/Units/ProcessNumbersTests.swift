import Bytes
import Testing

@testable import ProxyCore

struct ProcessNumbersTests {
    private func handle(_ index: UInt32) -> Handle { Handle(index: index, generation: 1) }

    @Test("A number is no process of a system, and comes again only after all the others")
    func turns() {
        var numbers = ProcessNumbers(chance: .max)
        var seen: Set<UInt32> = []
        for index in 0..<1000 as Range<UInt32> {
            let number = numbers.give(to: handle(index))
            #expect(number > 1 << 22 && number <= Int32.max)
            #expect(ProcessNumbers.contains(Int64(number)))
            #expect(seen.insert(number).inserted)
            #expect(numbers[number] == handle(index))
            numbers.takeBack(number)
            #expect(numbers[number] == nil)
        }
        #expect(!ProcessNumbers.contains(1 << 22))
        #expect(!ProcessNumbers.contains(Int64(Int32.max) + 1))
        #expect(!ProcessNumbers.contains(-1))
    }

    @Test("Behind the last comes the first that nobody has")
    func wraps() {
        let span = ProcessNumbers.last - ProcessNumbers.first + 1
        var numbers = ProcessNumbers(chance: span - 1)
        #expect(numbers.give(to: handle(1)) == ProcessNumbers.last)
        #expect(numbers.give(to: handle(2)) == ProcessNumbers.first)
        var again = ProcessNumbers(chance: 0)
        #expect(again.give(to: handle(1)) == ProcessNumbers.first)
        #expect(again.give(to: handle(2)) == ProcessNumbers.first + 1)
    }
}
