import Synchronization

/// Numbers for values that caches tell apart by identity, so that no two can ever be taken for one another.
enum UniqueIdentity {
    private static let last = Atomic<UInt64>(0)

    static func next() -> UInt64 {
        last.wrappingAdd(1, ordering: .relaxed).newValue
    }
}
