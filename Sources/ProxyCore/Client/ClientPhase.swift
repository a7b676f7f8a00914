/// How far a client's connection has come.
enum ClientPhase: UInt8, BitwiseCopyable {
    /// Its start-up packet, or a request for encryption before that, is awaited.
    case startup
    case authenticating
    /// Let in; the parameters that a server of its pool reports are not known yet.
    case welcoming
    case ready
    /// Let into the admin console.
    case console
    /// It has brought a cancel request, and waits for the end of the connection that brings it to the server.
    case cancelling
    /// Told a FATAL error or gone; nothing that it sends is looked at.
    case closing

    /// Which phases may follow.
    func mayBecome(_ next: ClientPhase) -> Bool {
        switch self {
        case .startup: next == .authenticating || next == .cancelling || next == .closing
        case .authenticating: next == .welcoming || next == .ready || next == .console || next == .closing
        case .welcoming: next == .ready || next == .closing
        case .ready, .console, .cancelling, .closing: next == .closing
        }
    }
}

/// Whether more can come from a client, and whether it can still be answered.
enum ClientInput: UInt8, BitwiseCopyable {
    /// It may send more.
    case open
    /// It has ended its sending, and may still read: what it has sent in full is carried out and answered.
    case ended
    /// Its connection is gone: what it has sent in full is carried out all the same, but for reads, whose answers
    /// nobody wants.
    case gone
}
