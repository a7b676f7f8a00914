import Bytes

/// Who is behind a process number (clients, whose numbers are Howdah's own, and servers, whose are their nodes'), and
/// how many wait for a cancel request to reach one.
struct ProcessDirectory {
    var clients: ProcessNumbers
    private var servers: [ServerProcess: Handle] = [:]
    /// Connections with cancel requests of clients that wait for their end.
    var waitingCancels = 0

    /// - Parameter chance: any number.
    init(chance: UInt32) { clients = ProcessNumbers(chance: chance) }

    /// The server that said so last.
    subscript(process: ServerProcess) -> Handle? { servers[process] }

    /// A server has told its number.
    mutating func joined(_ process: ServerProcess, _ server: Handle) { servers[process] = server }

    /// A server is gone; another may have its number already.
    mutating func left(_ process: ServerProcess, _ server: Handle) {
        if servers[process] == server { servers[process] = nil }
    }
}
