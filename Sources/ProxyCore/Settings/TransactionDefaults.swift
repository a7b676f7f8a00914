import StatementRouting

/// The settings of a session that decide where a plain BEGIN leads (PostgreSQL documentation, 20.11.1).
struct TransactionDefaults: BitwiseCopyable {
    var isReadOnly = false
    /// Nil: as the server has it.
    var isolation: TransactionOptions.Isolation?

    init() {}

    init(_ settings: [SessionSetting]) {
        for setting in settings {
            switch setting.name {
            case "default_transaction_read_only":
                isReadOnly = SettingLiteral.isOn(setting.value)
            case "default_transaction_isolation": isolation = TransactionOptions.Isolation(name: setting.value)
            default: break
            }
        }
    }
}
