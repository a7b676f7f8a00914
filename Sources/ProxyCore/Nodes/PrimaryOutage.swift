/// There is no primary that statements could be sent to.
struct PrimaryOutage {
    /// The node that was the primary before; -1 where none has been seen.
    let node: Int
    let since: Microseconds
}
