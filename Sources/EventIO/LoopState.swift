import Bytes

/// What changes in a loop as it turns. It stands behind a pointer, where Swift does not check at run time that accesses
/// exclude each other: those checks cost more than all else that the loop does between two system calls.
struct LoopState: ~Copyable {
    /// A connection that must be gone by then (µs of the monotonic clock).
    struct Closing: BitwiseCopyable {
        let connection: ConnectionID
        let deadline: UInt64
    }

    var now: UInt64
    var counters = LoopCounters()
    var notices = RingQueue<Notice>()
    /// In the order of their deadlines, because all have the same time.
    var closings = RingQueue<Closing>()
    var wakeTime = UInt64.max
    var nextListener: UInt32 = 0
    var restingListeners = 0
}
