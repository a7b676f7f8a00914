/// One function, aggregate or window function of a database's catalog (pg_proc).
package struct FunctionRow: Sendable, Equatable {
    /// `prokind`. Procedures are left out: CALL is never a read.
    package enum Kind: UInt8, Sendable {
        case function
        case aggregate
        case window
    }

    package enum Volatility: UInt8, Sendable {
        case immutable
        case stable
        case volatile
    }

    package let schema: String
    package let name: String
    package let kind: Kind
    /// `pronargs`: how many arguments it takes, a variadic's last one counted as one.
    package let arguments: Int
    /// `pronargdefaults`: how many of them a call may leave out.
    package let defaults: Int
    package let isVariadic: Bool
    /// `provolatile`; of an aggregate, whose own says nothing, the most volatile of its support functions.
    package let volatility: Volatility
    /// Whether its first argument may be a row, so that `t.name` may call it (PostgreSQL documentation, 8.16.5).
    package let acceptsRow: Bool
}
