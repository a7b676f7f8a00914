import StatementRouting

/// Why a pinned client's batch runs on the client's own server.
enum PinnedReadObstacle: Equatable, CustomStringConvertible {
    /// `pinned_reads` is primary.
    case switchedOff
    /// It was asked for the primary, by `split`, `howdah.route` or a hint.
    case sentToPrimary
    /// More than one statement that reads, whole and at hand.
    case notPlainRead
    /// All that such a session does is done with this state.
    case state(PinReason)
    /// What it reads may be one of the session's temporary objects.
    case mayBeTemporary
    /// It runs code that is not seen, or looks at what is visible in its session.
    case looksAtSession
    /// Its server is on no primary any more.
    case misplaced

    var description: String {
        switch self {
        case .switchedOff: "pinned_reads is primary"
        case .sentToPrimary: "the primary is asked for"
        case .notPlainRead: "the statement is no plain read"
        case .state(let reason): "\(reason)"
        case .mayBeTemporary: "it may read a temporary object of the session"
        case .looksAtSession: "it runs functions that may look at the session"
        case .misplaced: "its server is not on the primary"
        }
    }
}
