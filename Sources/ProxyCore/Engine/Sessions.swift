import Bytes

/// All connections (clients', servers', and those that carry cancel requests), and by which numbers they are known.
struct Sessions {
    let clients = Slab<ClientSession>()
    let servers = Slab<ServerSession>()
    let cancels = Slab<CancelSession>()
    /// Connections with cancel requests of clients that wait for their end.
    var waitingCancels = 0
    var processes: ProcessDirectory

    /// - Parameter chance: any number.
    init(chance: UInt32) { processes = ProcessDirectory(chance: chance) }
}
