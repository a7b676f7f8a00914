/// What the start-up parameter `replication` asks for (PostgreSQL documentation, 55.4).
///
/// Such a client speaks to a WAL sender of its own on the primary, which is opened with the client's own parameters and
/// closed with it.
enum ReplicationMode: UInt8, BitwiseCopyable {
    /// An ordinary session.
    case off
    /// `true`: no database, no SQL.
    case physical
    /// `database`: connected to a database, for logical replication; SQL by simple queries.
    case logical

    /// - Returns: nil for what PostgreSQL does not take.
    init?(parameter value: String) {
        switch value.lowercased() {
        case "database": self = .logical
        case "true", "tru", "tr", "t", "on", "yes", "ye", "y", "1": self = .physical
        case "false", "fals", "fal", "fa", "f", "off", "of", "no", "n", "0": self = .off
        default: return nil
        }
    }

    /// The parameter's value towards a server; nil where it is left out.
    var parameter: String? {
        switch self {
        case .off: nil
        case .physical: "true"
        case .logical: "database"
        }
    }
}
