/// Counts since the start, for one pool on one worker.
package struct PoolCounters: Sendable, BitwiseCopyable {
    package var transactions: UInt64 = 0
    package var queries: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0
    /// Microseconds that clients have waited for servers.
    package var waitTime: UInt64 = 0
    package var serverAssignments: UInt64 = 0
    package var clientParses: UInt64 = 0
    package var serverParses: UInt64 = 0
    package var binds: UInt64 = 0
    package var logins: UInt64 = 0
    package var reads: UInt64 = 0
    package var writes: UInt64 = 0
    package var retries: UInt64 = 0
    package var errors: UInt64 = 0

    package init() {}
}
