/// Slots for long-lived records, named by `Handle`, at addresses that never move.
///
/// A record is reached through its slot pointer: no reference counting and no exclusivity check on the data path. The
/// pages are kept for reuse and freed with the slab. Not thread-safe: a slab belongs to one worker.
@usableFromInline
package final class Slab<Element: ~Copyable> {
    @inlinable
    static var slotsPerPage: Int { 64 }

    @exclusivity(unchecked) @usableFromInline var pages: [UnsafeMutablePointer<Element>] = []
    /// One per slot: the tenant's generation while odd, the last tenant's plus one while even and free.
    @exclusivity(unchecked) @usableFromInline var generations: [UInt32] = []
    @exclusivity(unchecked) @usableFromInline var free: [UInt32] = []
    @exclusivity(unchecked) @usableFromInline var storedCount = 0
    @inlinable package var count: Int { storedCount }

    @inlinable
    package init() {}

    deinit {
        for index in generations.indices where generations[index] & 1 == 1 {
            slot(UInt32(index)).deinitialize(count: 1)
        }
        for page in pages { page.deallocate() }
    }

    /// The number of slots that exist, taken or free: the bound of `handle(at:)`.
    @inlinable
    package var capacity: Int { generations.count }

    /// Gives a slot to what `make` returns; the handle is the new record's own name.
    @inlinable
    package func insert(_ make: (Handle) -> Element) -> Handle {
        if free.isEmpty { addPage() }
        let index = free.removeLast()
        generations[Int(index)] &+= 1
        let handle = Handle(index: index, generation: generations[Int(index)])
        slot(index).initialize(to: make(handle))
        storedCount += 1
        return handle
    }

    /// The record, or nil where its slot has been given up since.
    @inline(__always)
    @inlinable
    package subscript(_ handle: Handle) -> UnsafeMutablePointer<Element>? {
        let index = Int(handle.index)
        guard index < generations.count, generations[index] == handle.generation, handle.generation & 1 == 1 else {
            return nil
        }
        return slot(handle.index)
    }

    /// Destroys the record and frees its slot. The handle must be live.
    @inlinable
    package func remove(_ handle: Handle) {
        precondition(self[handle] != nil, "slab slot removed twice")
        slot(handle.index).deinitialize(count: 1)
        generations[Int(handle.index)] &+= 1
        free.append(handle.index)
        storedCount -= 1
    }

    /// The live record's handle at a slot number below `capacity`, for scans that may remove as they go.
    @inlinable
    package func handle(at index: Int) -> Handle? {
        let generation = generations[index]
        return generation & 1 == 1 ? Handle(index: UInt32(index), generation: generation) : nil
    }

    @inline(__always)
    @inlinable
    func slot(_ index: UInt32) -> UnsafeMutablePointer<Element> {
        pages[Int(index) / Self.slotsPerPage] + Int(index) % Self.slotsPerPage
    }

    @inlinable
    func addPage() {
        let first = UInt32(generations.count)
        pages.append(.allocate(capacity: Self.slotsPerPage))
        generations.append(contentsOf: repeatElement(0, count: Self.slotsPerPage))
        free.append(contentsOf: (first..<first + UInt32(Self.slotsPerPage)).reversed())
    }
}
