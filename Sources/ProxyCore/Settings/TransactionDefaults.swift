import StatementRouting

/// The settings of a session that decide where a plain BEGIN leads (PostgreSQL documentation, 20.11.1).
struct TransactionDefaults {
    var isReadOnly = false
    /// Nil: as the server has it.
    var isolation: TransactionOptions.Isolation?

    init() {}

    init(_ settings: [SessionSetting]) {
        for setting in settings {
            switch setting.name {
            case "default_transaction_read_only":
                isReadOnly = ["on", "true", "tru", "tr", "t", "yes", "ye", "y", "1"].contains(
                    setting.value.lowercased()
                )
            case "default_transaction_isolation": isolation = TransactionOptions.Isolation(name: setting.value)
            default: break
            }
        }
    }

    /// Replicas take no serializable transactions (PostgreSQL documentation, 27.4.1).
    var isSerializable: Bool { isolation == .serializable }

    var place: ClientTransaction { isSerializable ? .begunOnPrimary : isReadOnly ? .begunReadOnly : .begun }
}
