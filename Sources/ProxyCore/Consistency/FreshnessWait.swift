import Bytes

/// A client in the queue for reads for which no replica is fresh.
struct FreshnessWait {
    let client: Handle
    /// `ClientSession.since` of this wait: a later one of the same client has another.
    let since: Microseconds
    /// When its read goes to the primary.
    let deadline: Microseconds
}
