/// What a text does to data, as far as its route is concerned.
package enum Access: UInt8, Sendable, BitwiseCopyable {
    /// A replica can run it: nothing is written, and no state that only the primary has is asked for.
    case read
    /// The primary must run it.
    case write
    /// Not understood (or its meaning is the session's to know, as with EXECUTE). The primary runs it.
    case unknown
}
