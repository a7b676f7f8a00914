import PostgresWire

/// What may be done for a batch in flight should a server have something of it that is out of date.
enum Renewal: UInt8, BitwiseCopyable {
    /// Its client has been told earlier what rows look like: the error is for it to deal with, as it would directly.
    case none
    /// The client is told in this very batch what the rows look like.
    case describes
    /// The batch itself has the Parse, which must be as good as new.
    case parses

    /// Of batches that would run again together.
    func and(_ other: Renewal) -> Renewal { self == other ? self : .none }
}

/// What an error says of the statement that a server has prepared.
enum StatementFault {
    /// The server has none of that name: what it was thought to have, it may have not.
    case isMissing
    /// Its rows would not look as they did: the schema has changed behind the proxy's back.
    case resultHasChanged
    /// It may have been parsed by another schema than there is now; or the fault is the client's own.
    case mayBeOutdated

    init?(_ state: SQLState, raisedByRevalidation: Bool) {
        switch state {
        case .invalidStatementName: self = .isMissing
        case .featureNotSupported where raisedByRevalidation: self = .resultHasChanged
        default:
            guard state.mayTellOfOutdated else { return nil }
            self = .mayBeOutdated
        }
    }
}

extension SQLState {
    /// Whether an object may be meant that is gone, or a value be taken for what it is no more (PostgreSQL
    /// documentation, appendix A): values that do not fit (22003, 22007, 22008, 22P02, 22P03, 08P01), names and types
    /// that do not (42…, 3F000), and a type's number that means nothing (XX000, `cache lookup failed`).
    fileprivate var mayTellOfOutdated: Bool {
        let text = description
        return ["22003", "22007", "22008", "22P02", "22P03", "08P01", "3F000", "XX000"].contains(text)
            || text.hasPrefix("42") && text != "42501"
    }

    /// Whether the error may only mean that a replica has not replayed yet what was created (42P01, 42704, 42883,
    /// 42703, 3F000 and their like).
    var tellsOfUndefined: Bool {
        switch description {
        case "42P01", "42704", "42883", "42703", "3F000", "42P18", "42P02", "42725", "42804", "3D000", "42846": true
        default: false
        }
    }
}
