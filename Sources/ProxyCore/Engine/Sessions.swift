import Bytes

/// All connections: clients', servers', and those that carry cancel requests.
struct Sessions {
    let clients = Slab<ClientSession>()
    let servers = Slab<ServerSession>()
    let cancels = Slab<CancelSession>()

    init() {}
}
