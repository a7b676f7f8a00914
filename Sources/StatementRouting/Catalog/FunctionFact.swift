/// One row of the catalog's functions (pg_proc): everything callable that is not a procedure.
package struct FunctionFact: Sendable, Equatable {
    package enum Volatility: UInt8, Sendable {
        case immutable
        case stable
        case volatile
    }

    package var schema: String
    package var name: String
    /// Arguments that a call must give at least: `pronargs - pronargdefaults`, one less for a variadic.
    package var minimumArguments: Int
    /// Arguments that a call may give at most: `pronargs`, or nil for a variadic.
    package var maximumArguments: Int?
    /// `provolatile`. For an aggregate the catalog always says immutable: give the most volatile of its transition,
    /// combine and final functions instead.
    package var volatility: Volatility
    /// Whether the only argument may be a row (a composite type, record or a polymorphic type), so that `t.name`
    /// calls it (PostgreSQL documentation, 8.16.5).
    package var acceptsRow: Bool

    /// Whether a call may leave something behind in its session (PostgreSQL documentation, 38.7): where it is volatile,
    /// unless more is known of it.
    package var mayChangeSession: Bool

    package init(
        schema: String,
        name: String,
        minimumArguments: Int,
        maximumArguments: Int?,
        volatility: Volatility,
        acceptsRow: Bool = false,
        mayChangeSession: Bool? = nil
    ) {
        self.schema = schema
        self.name = name
        self.minimumArguments = minimumArguments
        self.maximumArguments = maximumArguments
        self.volatility = volatility
        self.acceptsRow = acceptsRow
        self.mayChangeSession = mayChangeSession ?? (volatility == .volatile)
    }

    func accepts(argumentCount: Int) -> Bool {
        argumentCount >= minimumArguments && argumentCount <= maximumArguments ?? Int.max
    }
}
