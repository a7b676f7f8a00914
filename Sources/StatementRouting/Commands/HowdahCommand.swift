/// A command that Howdah answers itself on an ordinary connection.
package enum HowdahCommand: UInt8, Sendable, BitwiseCopyable {
    case none
    /// `SHOW howdah.route`
    case showRoute
    /// `SET howdah.route = …`
    case setRoute
    /// `RESET howdah.route`
    case resetRoute
    /// `EXPLAIN ROUTE <sql>`
    case explainRoute
    /// `SHOW howdah.position`
    case showPosition
    /// SET or RESET of `howdah.position`
    case setPosition
    /// `SHOW howdah.read_your_writes`
    case showReadYourWrites
    /// SET or RESET of `howdah.read_your_writes`
    case setReadYourWrites
    /// `SHOW howdah.transaction_reads`
    case showTransactionReads
    /// SET or RESET of `howdah.transaction_reads`
    case setTransactionReads
    /// SHOW, SET or RESET of another setting that begins with `howdah.`
    case other
    /// Several statements in one text, of which Howdah's own are SHOW of its settings.
    case showsAmongOthers
    /// The same, and `howdah.position` is among them.
    case showsPositionAmongOthers
    /// Several statements in one text, one of which Howdah can only carry out where it stands alone.
    case notAlone

    /// Whether it has a value to show: a server can be given that in its place.
    package var isShow: Bool {
        switch self {
        case .showRoute, .showPosition, .showReadYourWrites, .showTransactionReads, .showsAmongOthers,
            .showsPositionAmongOthers:
            true
        default: false
        }
    }

    package var showsPosition: Bool { self == .showPosition || self == .showsPositionAmongOthers }

    /// What a text is in which this command stands before another one.
    mutating func join(_ next: HowdahCommand) {
        if self == .none {
            self = next
        } else if !isShow || !next.isShow {
            self = .notAlone
        } else if !showsPosition {
            self = next
        }
    }

    /// What a text of several statements is in which this is.
    var amongOthers: HowdahCommand {
        if self == .none { return .none }
        return isShow ? showsPosition ? .showsPositionAmongOthers : .showsAmongOthers : .notAlone
    }
}
