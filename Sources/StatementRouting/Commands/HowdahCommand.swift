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
}
