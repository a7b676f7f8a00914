import SeededRandom
import Testing

@testable import Bytes

struct SlabTests {
    /// Counts the records that are alive.
    private final class Census {
        var alive = 0
    }

    private struct Record: ~Copyable {
        let handle: Handle
        var value: Int
        let census: Census?

        init(handle: Handle, value: Int, census: Census? = nil) {
            self.handle = handle
            self.value = value
            self.census = census
            census?.alive += 1
        }

        deinit { census?.alive -= 1 }
    }

    @Test func aRecordKnowsItsOwnHandle() {
        let slab = Slab<Record>()
        let handle = slab.insert { Record(handle: $0, value: 7) }
        #expect(slab[handle]?.pointee.handle == handle)
        #expect(slab[handle]?.pointee.value == 7)
        #expect(!handle.isNone)
        #expect(slab.count == 1)
        slab.remove(handle)
        #expect(slab.count == 0)
    }

    @Test func theFirstSlotsAreTakenInOrder() {
        let slab = Slab<Record>()
        let handles = (0..<130).map { value in slab.insert { Record(handle: $0, value: value) } }
        #expect(handles.map(\.index) == (0..<130).map { UInt32($0) })
        #expect(slab.capacity == 192)
    }

    @Test func aHandleWhoseTenantHasGoneFindsNothing() {
        let slab = Slab<Record>()
        let first = slab.insert { Record(handle: $0, value: 1) }
        slab.remove(first)
        #expect(slab[first] == nil)
        let second = slab.insert { Record(handle: $0, value: 2) }
        #expect(second.index == first.index)
        #expect(second.generation != first.generation)
        #expect(slab[first] == nil)
        #expect(slab[second]?.pointee.value == 2)
    }

    @Test(arguments: [
        Handle.none,
        Handle(index: 0, generation: 2),
        Handle(index: 0, generation: .max),
        Handle(index: 63, generation: 0),
        Handle(index: 64, generation: 1),
        Handle(index: .max, generation: 1),
    ])
    func aHandleThatWasNeverGivenFindsNothing(handle: Handle) {
        let slab = Slab<Record>()
        _ = slab.insert { Record(handle: $0, value: 1) }
        #expect(slab[handle] == nil)
    }

    @Test func anEmptySlabFindsNothing() {
        let slab = Slab<Record>()
        #expect(slab[.none] == nil)
        #expect(slab[Handle(index: 0, generation: 1)] == nil)
        #expect(slab.capacity == 0)
    }

    @Test func addressesStayWhileTheSlabGrows() throws {
        let slab = Slab<Record>()
        let handles = (0..<10).map { value in slab.insert { Record(handle: $0, value: value) } }
        let addresses = handles.map { slab[$0] }
        for value in 10..<2000 { _ = slab.insert { Record(handle: $0, value: value) } }
        #expect(handles.map { slab[$0] } == addresses)
        #expect(handles.map { slab[$0]?.pointee.value } == Array(0..<10))
    }

    @Test func recordsDieOnceWithTheirSlotOrWithTheSlab() {
        let census = Census()
        do {
            let slab = Slab<Record>()
            let handles = (0..<100).map { value in
                slab.insert { Record(handle: $0, value: value, census: census) }
            }
            #expect(census.alive == 100)
            for handle in handles.prefix(40) { slab.remove(handle) }
            #expect(census.alive == 60)
            withExtendedLifetime(slab) {}
        }
        #expect(census.alive == 0)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func agreesWithADictionary(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let slab = Slab<Record>()
        var model: [Handle: Int] = [:]
        var live: [Handle] = []
        var gone: [Handle] = []
        for step in 0..<5000 {
            if live.isEmpty || Int.random(in: 0..<5, using: &generator) < 3 {
                let handle = slab.insert { Record(handle: $0, value: step) }
                #expect(model[handle] == nil, "a live handle was given again")
                model[handle] = step
                live.append(handle)
            } else {
                let handle = live.remove(at: Int.random(in: 0..<live.count, using: &generator))
                #expect(slab[handle]?.pointee.value == model[handle])
                slab.remove(handle)
                model[handle] = nil
                gone.append(handle)
            }
        }
        #expect(slab.count == model.count)
        for (handle, value) in model { #expect(slab[handle]?.pointee.value == value) }
        for handle in gone { #expect(slab[handle] == nil) }
        let scanned = (0..<slab.capacity).compactMap { slab.handle(at: $0) }
        #expect(Set(scanned) == Set(model.keys))
    }

    @Test func aScanMayRemoveAsItGoes() {
        let slab = Slab<Record>()
        for value in 0..<200 { _ = slab.insert { Record(handle: $0, value: value) } }
        for index in 0..<slab.capacity {
            if let handle = slab.handle(at: index), let record = slab[handle], record.pointee.value.isMultiple(of: 2) {
                slab.remove(handle)
            }
        }
        #expect(slab.count == 100)
        #expect((0..<slab.capacity).compactMap { slab.handle(at: $0) }.allSatisfy { slab[$0]!.pointee.value % 2 == 1 })
    }

    @Test(arguments: [(0, 0), (1, 1), (UInt32.max, UInt32.max), (0, 1 << 31), (12345, 67890)] as [(UInt32, UInt32)])
    func handlesPassThroughSixtyFourBits(index: UInt32, generation: UInt32) {
        let handle = Handle(index: index, generation: generation)
        #expect(Handle(rawValue: handle.rawValue) == handle)
        #expect(handle.isNone == (generation == 0))
    }
}
