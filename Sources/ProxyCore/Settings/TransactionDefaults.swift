/// The settings of a session that decide where a plain BEGIN leads (PostgreSQL documentation, 20.11.1).
struct TransactionDefaults {
    var isReadOnly = false
    var isSerializable = false

    init() {}

    init(_ settings: [SessionSetting]) {
        for setting in settings {
            switch setting.name {
            case "default_transaction_read_only":
                isReadOnly = ["on", "true", "tru", "tr", "t", "yes", "ye", "y", "1"].contains(
                    setting.value.lowercased()
                )
            case "default_transaction_isolation": isSerializable = setting.value.lowercased() == "serializable"
            default: break
            }
        }
    }

    /// Replicas take no serializable transactions (PostgreSQL documentation, 27.4.1).
    var place: ClientTransaction { isSerializable ? .begunOnPrimary : isReadOnly ? .begunReadOnly : .begun }
}
