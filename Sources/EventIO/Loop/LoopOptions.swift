/// How a loop behaves. The defaults are those of the settings of the same names.
package struct LoopOptions: Sendable {
    /// The method to use; nil takes io_uring where it can be had and epoll elsewhere (`io_method = auto`).
    package var method: IOMethod?
    /// Bytes that one receive takes at most (`receive_buffer_size`).
    package var receiveBufferSize = 64 << 10
    /// Receive buffers that an io_uring loop shares among its connections; a power of two.
    package var receiveBufferCount = 64
    /// Submission entries of an io_uring loop; a power of two. More requests in one turn cost one more system call.
    package var ringEntries = 1024
    /// A connection with more unsent bytes than this is backlogged (`send_high_water`).
    package var highWater = 256 << 10
    /// A backlogged connection with no more unsent bytes than this is drained (`send_low_water`).
    package var lowWater = 64 << 10
    /// Microseconds that a connection closed with `flush` may take to send the rest and see the peer go.
    package var closeTimeout: UInt64 = 5_000_000
    package var keepalive = Keepalive()

    package init() {}
}
