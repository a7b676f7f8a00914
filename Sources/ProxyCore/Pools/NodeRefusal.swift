/// A node lets nobody in: it refuses connections, starts up or shuts down, or does not answer.
struct NodeRefusal {
    let since: Microseconds
    let reason: String
}
