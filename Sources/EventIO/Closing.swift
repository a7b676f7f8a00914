/// A connection that must be gone by its deadline (µs of the monotonic clock).
struct Closing: BitwiseCopyable {
    let connection: ConnectionID
    let deadline: UInt64
}
