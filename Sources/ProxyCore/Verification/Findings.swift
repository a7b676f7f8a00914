/// What a session is called in what was found: words are put together only where something does not hold.
struct SessionName: CustomStringConvertible {
    enum State {
        case client(ClientPhase, ClientFlow, ClientTransaction)
        case server(ServerPhase, node: Int)
    }

    let index: UInt32
    let state: State

    var description: String {
        switch state {
        case .client(let phase, let flow, let transaction): "client \(index) (\(phase), \(flow), \(transaction))"
        case .server(let phase, let node): "server \(index) of node \(node) (\(phase))"
        }
    }
}

/// What was found not to hold that always should.
struct Findings {
    private(set) var all: [String] = []

    /// - Parameter what: in words, should it not hold.
    mutating func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds { all.append(what()) }
    }

    mutating func expect<Value: Equatable>(_ found: Value, is wanted: Value, _ what: @autoclosure () -> String) {
        if found != wanted { all.append("\(what()): \(found), not \(wanted)") }
    }
}
