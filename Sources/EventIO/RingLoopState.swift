import Bytes

/// What changes in an io_uring loop as it turns, beside `LoopState` and behind a pointer for the same reason.
struct RingLoopState: ~Copyable {
    /// Requests are made only once the instance is enabled.
    var isStarted = false
    var isBellArmed = false
    /// Connections whose receive ended because all buffers were full; armed again when this turn has given them back.
    var starved = RingQueue<ConnectionID>()
    /// How much of the memory that gathering sends point at is taken since the last enter.
    var piecesUsed = 0
    var messagesUsed = 0
}
