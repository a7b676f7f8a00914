/// Counts since the start, on one worker: of one pool, or of several together.
package struct PoolCounters: Sendable, Equatable, BitwiseCopyable {
    package var transactions: UInt64 = 0
    package var queries: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0
    /// Microseconds that clients have waited for servers.
    package var waitTime: UInt64 = 0
    /// Microseconds from the messages that ended clients' cycles (Query, Sync, FunctionCall) to their ReadyForQuery.
    package var queryTime: UInt64 = 0
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

    package static func += (total: inout PoolCounters, other: PoolCounters) {
        total.transactions &+= other.transactions
        total.queries &+= other.queries
        total.bytesReceived &+= other.bytesReceived
        total.bytesSent &+= other.bytesSent
        total.waitTime &+= other.waitTime
        total.queryTime &+= other.queryTime
        total.serverAssignments &+= other.serverAssignments
        total.clientParses &+= other.clientParses
        total.serverParses &+= other.serverParses
        total.binds &+= other.binds
        total.logins &+= other.logins
        total.reads &+= other.reads
        total.writes &+= other.writes
        total.retries &+= other.retries
        total.errors &+= other.errors
    }
}
