import Glibc

/// Where the connection of a command stands.
enum NodeCommandStage: ~Copyable {
    case closed
    case connecting(Connecting)
    case asking(Asking)

    struct Connecting: ~Copyable {
        let connection: Connection
        let progress: ConnectionProgress
    }

    struct Asking: ~Copyable {
        let connection: Connection
        /// The first row of the result, where that has come and the end of the reply has not.
        let row: [String?]?
    }

    /// What to poll(2) for; nil where there is nothing.
    var interest: pollfd? {
        switch self {
        case .closed: nil
        case .connecting(let connecting):
            pollfd(
                fd: connecting.connection.descriptor,
                events: Int16(connecting.progress == .waitingToWrite ? POLLOUT : POLLIN),
                revents: 0
            )
        case .asking(let asking):
            pollfd(fd: asking.connection.descriptor, events: Int16(POLLIN), revents: 0)
        }
    }
}
