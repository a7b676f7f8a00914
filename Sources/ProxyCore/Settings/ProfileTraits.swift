import StatementRouting

/// What of a set of settings the proxy itself must heed.
struct ProfileTraits: BitwiseCopyable {
    /// What the session's transactions are like that do not say it themselves.
    var transactions = TransactionDefaults()
    /// A time limit within which what the proxy puts in front of a statement may not be done on a busy machine.
    var hasShortTimeout = false
    /// A server with these settings cannot wait in its pool: PostgreSQL would end its connection
    /// (idle_session_timeout), or what brings it to the next session's settings.
    var mustNotRest = false

    init() {}

    init(_ settings: [SessionSetting]) {
        transactions = TransactionDefaults(settings)
        for setting in settings where Self.mustBeResetInPool(setting) {
            mustNotRest = true
            if setting.name != Self.idleTimeout { hasShortTimeout = true }
        }
    }

    private static let idleTimeout = "idle_session_timeout"
    /// Settings in milliseconds that end what lasts longer.
    private static let timeouts: Set<String> = ["statement_timeout", "transaction_timeout"]
    /// Below this a time limit counts as short, in milliseconds.
    private static let short = 1000.0

    /// Whether a server must be rid of the setting before it goes back to its pool.
    static func mustBeResetInPool(_ setting: SessionSetting) -> Bool {
        if setting.name == idleTimeout { return milliseconds(setting.value) != 0 }
        guard timeouts.contains(setting.name), let limit = milliseconds(setting.value) else { return false }
        return limit > 0 && limit < short
    }

    /// A time as PostgreSQL writes it (PostgreSQL documentation, 20.1.1); without a unit it is in milliseconds.
    static func milliseconds(_ text: String) -> Double? {
        let text = text.drop { $0 == " " }
        let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "-" || $0 == "+" }
        guard let number = Double(digits) else { return nil }
        switch text.dropFirst(digits.count).filter({ $0 != " " }) {
        case "", "ms": return number
        case "us": return number / 1000
        case "s": return number * 1000
        case "min": return number * 60_000
        case "h": return number * 3_600_000
        case "d": return number * 86_400_000
        default: return nil
        }
    }
}
