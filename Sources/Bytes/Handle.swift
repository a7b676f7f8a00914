/// The name of a slot in a `Slab`: where it is, and which tenant of that place is meant.
///
/// Handles are what other threads, the poller's user data and queues hold. A handle whose tenant has gone finds
/// nothing, so an event that arrives late cannot reach the tenant's successor.
@usableFromInline
package struct Handle: Hashable, Sendable, BitwiseCopyable {
    @usableFromInline package let index: UInt32
    @usableFromInline package let generation: UInt32

    @inlinable
    package init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// Generation 0 is never given out.
    @usableFromInline package static let none = Handle(index: 0, generation: 0)

    @inlinable
    package var isNone: Bool { generation == 0 }

    @inlinable
    package var rawValue: UInt64 { UInt64(generation) << 32 | UInt64(index) }

    @inlinable
    package init(rawValue: UInt64) {
        index = UInt32(truncatingIfNeeded: rawValue)
        generation = UInt32(truncatingIfNeeded: rawValue >> 32)
    }
}
