extension Errand {
    /// One line for the log: what came of it.
    func text(_ node: String, _ outcome: ErrandOutcome) -> String {
        switch outcome {
        case .promoted(true): "node \(node): pg_promote() is done"
        case .promoted(false): "node \(node): pg_promote() was not done in its time"
        case .follows: "node \(node): primary_conninfo names the new primary"
        case .slotProvided: "node \(node) has the replication slot \(slotName)"
        case .refused(let reason): "node \(node): \(purpose): \(reason)\(hint)"
        case .unanswered(let reason): "node \(node): no answer to \(purpose): \(reason)"
        }
    }

    private var purpose: String {
        switch self {
        case .promote: "pg_promote()"
        case .follow: "primary_conninfo could not be changed"
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
        case .follow:
            "; point it at the new primary by hand, or let the monitor_user do it: a superuser, or pg_read_all_settings, "
                + "GRANT ALTER SYSTEM ON PARAMETER primary_conninfo and GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf()"
        case .provideSlot: "; it takes a superuser or REPLICATION"
        case .promote: ""
        }
    }
}
