/// Why nothing is read from a connection; it is read again when no reason is left.
struct PauseReasons: OptionSet, BitwiseCopyable {
    let rawValue: UInt8

    /// What it sends to has more unsent bytes than `send_high_water`.
    static let sinkFull = PauseReasons(rawValue: 1)
    /// As much is held for it as `client_buffer_limit` allows.
    static let heldTooMuch = PauseReasons(rawValue: 2)
    /// It holds much, and all connections together hold too much of `buffer_memory`.
    static let memory = PauseReasons(rawValue: 4)
    /// A parked server has said something unasked.
    static let parked = PauseReasons(rawValue: 8)
    /// Answers wait for it: before they have been sent its next messages are not looked at.
    static let unread = PauseReasons(rawValue: 16)
}
