/// A PREPARE that has been sent, and what is to be kept of it once the server has accepted it.
struct PreparingBySQL {
    /// How far the proxy has come with what follows a PREPARE on the server.
    enum Stage: UInt8, BitwiseCopyable {
        case none
        /// The server has been asked for the parameters' types, and to close the statement. Nothing else is sent to it
        /// meanwhile.
        case asked
        /// That was cut short by an error: it is asked again at the end of the cycle.
        case interrupted
    }

    /// The client's name for the statement.
    let name: [UInt8]
    /// The statement behind AS.
    let text: [UInt8]
    /// How many types of parameters the PREPARE has given. PostgreSQL infers the others, as from Parse.
    let declaredTypes: Int
    /// What the server says of all its parameters: OIDs in network byte order.
    var types: [UInt8] = []
    var hasSucceeded = false
    /// How often the question has been cut short.
    var interruptions = 0
    /// A cancel request hits it once, perhaps twice; a server that does not answer it at all is asked no more.
    static let mostInterruptions = 3
}

/// What has been sent ahead of a Query that names prepared statements, so that it finds them.
enum SentAhead {
    /// Nothing by which the Query could fail.
    case nothing
    /// An empty statement under a client's name that the Query, which waits for it, is to find.
    case decoy([UInt8])
    /// It has failed, and by its error the Query fails.
    case failed(error: [UInt8])

    /// The body of its ErrorResponse.
    var error: [UInt8]? {
        if case .failed(let error) = self { error } else { nil }
    }
}
