import Bytes

/// Clients that wait for a server, longest first. One that has left since stays in until it is met and passed over.
struct WaitQueue: ~Copyable {
    private var clients = RingQueue<Handle>()

    init() {}

    mutating func append(_ client: Handle) { clients.append(client) }

    var first: Handle? { clients.first }

    var isEmpty: Bool { clients.isEmpty }

    var count: Int { clients.count }

    mutating func removeFirst() -> Handle { clients.removeFirst() }

    subscript(offset: Int) -> Handle { clients[offset] }
}
