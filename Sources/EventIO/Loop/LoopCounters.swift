/// What one loop has done since it began. Plain numbers: read them on the loop's thread.
package struct LoopCounters: Sendable, BitwiseCopyable {
    package var turns: UInt64 = 0
    /// Calls of epoll_wait or io_uring_enter at the turn of the loop.
    package var waits: UInt64 = 0
    package var receives: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    package var sends: UInt64 = 0
    package var bytesSent: UInt64 = 0
    /// Sends of which the kernel took a part only.
    package var shortSends: UInt64 = 0
    package var accepted: UInt64 = 0
    /// Times that accepting stood still for want of descriptors or memory.
    package var acceptPauses: UInt64 = 0
    package var connects: UInt64 = 0
    package var closes: UInt64 = 0
    /// Receives that an io_uring loop put off because all of its buffers were full.
    package var receiveBufferShortages: UInt64 = 0

    package init() {}
}
