import Bytes

/// What an event makes necessary in a session that is not its own. It is done when the event has been dealt with
/// (`Engine.endTurn()`), so that nothing that deals with one session runs through another's.
enum Work: BitwiseCopyable {
    /// The client may go on with what it has sent: replies have come, its batch is to run again, or what it waited for
    /// is there.
    case goOn(Handle)
    /// The client has been given a server that it waited for.
    case served(Handle)
    /// The server's replies may be read that were kept because its client was in the middle of a message, or read
    /// elsewhere.
    case replies(Handle)
    /// A client has sent another `pg_cancel_backend()` or `pg_terminate_backend()`.
    case signal(ProcessSignal)
}

/// What an event is handled with, and what it leaves to be done.
struct Turn: ~Copyable {
    /// See `Engine.now`, `Engine.samples` and `Engine.actions`.
    var now: Microseconds = 0 {
        didSet { clock.follow(now) }
    }
    let clock = TurnClock()
    var samples = SampleReading()
    var actions: [EngineAction] = []
    /// What the event being handled has left to do in other sessions.
    var work = RingQueue<Work>()
    /// Sessions with bytes for the shell to fetch.
    var touched = RingQueue<PeerToken>()
    /// Clients whose next messages wait until the answers before them have been fetched.
    var answering: [Handle] = []
    /// When all sessions were looked at last.
    var lastScan: Microseconds = 0
}

/// One turn: an event, then the work that it has left, in the order in which it came up, until there is none.
extension Engine {
    /// To be called at the end of each event.
    @inline(__always)
    func endTurn() {
        if !turn.work.isEmpty { workOff() }
    }

    /// What is done may leave more to do. It ends: to go on twice with the same bytes, a client must have been given
    /// something between, or be at another of its limited number of tries.
    private func workOff() {
        while !turn.work.isEmpty {
            switch turn.work.removeFirst() {
            case .goOn(let handle):
                if let client = clients[handle] { processHeld(client) }
            case .served(let handle):
                // It may have left, and its server may have been lost.
                if let client = clients[handle], client.pointee.flow == .assigned { serverAssigned(client) }
            case .replies(let handle):
                guard let server = servers[handle] else { continue }
                if server.pointee.pauses.contains(.parked) { resume(server, .parked) }
                receivedFromServer(server, RawSpan())
            case .signal(let signal): deliver(signal)
            }
        }
    }
}
