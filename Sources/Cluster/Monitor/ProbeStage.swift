import Glibc

/// Where the monitoring connection of a node stands. Deadlines are microseconds of `MonotonicClock`.
enum ProbeStage: ~Copyable {
    case closed
    /// A check waits for the host's address.
    case resolving(deadline: UInt64)
    case connecting(Connecting)
    /// Open, between two checks.
    case idle(Connection)
    /// A check's query is under way.
    case asking(Asking)

    struct Connecting: ~Copyable {
        let connection: Connection
        let progress: ConnectionProgress
        let deadline: UInt64
    }

    struct Asking: ~Copyable {
        let connection: Connection
        let question: ProbeQuestion
        /// Not asked for a check.
        let isSample: Bool
        /// Connected for this very check; a kept connection that breaks is tried anew once, since one session's end is
        /// not the node's.
        let isFresh: Bool
        /// The result, where it has come and the end of the reply has not.
        let answer: ProbeAnswer?
        let deadline: UInt64
    }

    /// What to poll(2) for; nil where there is nothing.
    var interest: pollfd? {
        switch self {
        case .closed: nil
        case .resolving: nil
        case .connecting(let connecting):
            pollfd(
                fd: connecting.connection.descriptor,
                events: Int16(connecting.progress == .waitingToWrite ? POLLOUT : POLLIN),
                revents: 0
            )
        case .idle(let connection):
            pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
        // A query of a few bytes that does not even fit into the socket's buffer is caught by the deadline.
        case .asking(let asking):
            pollfd(fd: asking.connection.descriptor, events: Int16(POLLIN), revents: 0)
        }
    }

    /// When the check under way is given up; nil while there is none.
    var deadline: UInt64? {
        switch self {
        case .closed: nil
        case .idle: nil
        case .resolving(let deadline): deadline
        case .connecting(let connecting): connecting.deadline
        case .asking(let asking): asking.deadline
        }
    }

    var isIdle: Bool {
        switch self {
        case .idle: true
        default: false
        }
    }

    var isSampling: Bool {
        switch self {
        case .asking(let asking): asking.isSample
        default: false
        }
    }

    var isResolving: Bool {
        switch self {
        case .resolving: true
        default: false
        }
    }
}

/// What a node answered to a question, whose reply is not at its end yet.
struct ProbeAnswer {
    let reading: NodeReading
    /// It would tell more, if asked.
    let mayTellHistory: Bool
}
