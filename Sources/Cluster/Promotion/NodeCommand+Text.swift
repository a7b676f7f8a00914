extension NodeCommand {
    /// One line for the log: what came of it.
    func text(_ node: String, _ outcome: NodeCommandOutcome) -> String {
        switch outcome {
        case .promoted(true): "node \(node): pg_promote() is done"
        case .promoted(false): "node \(node): pg_promote() was not done in its time"
        case .follows, .followsAlready, .leftAlone: Self.followText(node, outcome)
        case .slotProvided, .slotThere: "node \(node) has the replication slot \(slotName)"
        case .refused(let reason): "node \(node): \(purpose): \(reason)\(hint)"
        case .unanswered(let reason): "node \(node): no answer to \(purpose): \(reason)"
        }
    }

    /// The same of pointing a replica at the primary.
    static func followText(_ node: String, _ outcome: NodeCommandOutcome) -> String {
        switch outcome {
        case .follows: "node \(node): primary_conninfo names the new primary"
        case .followsAlready: "node \(node): primary_conninfo names the primary already"
        case .leftAlone: "node \(node): primary_conninfo is left as it is"
        case .refused(let reason): "node \(node): \(followPurpose): \(reason)\(followHint)"
        case .unanswered(let reason): "node \(node): no answer to \(followPurpose): \(reason)"
        case .promoted, .slotProvided, .slotThere: "node \(node): \(followPurpose)"
        }
    }

    private static let followPurpose = "primary_conninfo could not be changed"
    private static let followHint =
        "; point it at the new primary by hand, or let the monitor_user do it: a superuser, or pg_read_all_settings, "
        + "GRANT ALTER SYSTEM ON PARAMETER primary_conninfo and GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf()"

    private var purpose: String {
        switch self {
        case .promote: "pg_promote()"
        case .follow: Self.followPurpose
        case .provideSlot(let name): "replication slot \(name)"
        }
    }

    private var slotName: String {
        switch self {
        case .provideSlot(let name): name
        case .promote, .follow: ""
        }
    }

    private var hint: String {
        switch self {
        case .follow: Self.followHint
        case .provideSlot: "; it takes a superuser or REPLICATION"
        case .promote: ""
        }
    }
}
