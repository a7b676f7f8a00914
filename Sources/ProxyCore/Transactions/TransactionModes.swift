import StatementRouting

/// What a BEGIN that has not been sent yet says of its transaction, together with the SET TRANSACTION behind it; what
/// it does not say is the session's, the role's or the database's default (PostgreSQL documentation, SET TRANSACTION).
struct TransactionModes: Equatable {
    var isolation: TransactionOptions.Isolation?
    var readOnly: Bool?
    /// Which modes it has could not be told.
    var isUnclear = false

    init(isolation: TransactionOptions.Isolation? = nil, readOnly: Bool? = nil) {
        self.isolation = isolation
        self.readOnly = readOnly
    }

    /// Those that the commands give, one after the other; nil: they could not be read.
    init(_ commands: [ParsedCommand]?) {
        guard let commands else {
            isUnclear = true
            return
        }
        for parsed in commands {
            switch parsed.command {
            case .begin(let options), .setTransaction(let options):
                isolation = options.isolation ?? isolation
                readOnly = options.readOnly ?? readOnly
            case .set("transaction_isolation", let value, _):
                let level = value.text(for: "").flatMap { TransactionOptions.Isolation(name: $0) }
                isolation = level ?? isolation
                isUnclear = isUnclear || level == nil
            case .set("transaction_read_only", let value, _):
                let word = value.text(for: "").map { SettingLiteral.isOn($0) }
                readOnly = word ?? readOnly
                isUnclear = isUnclear || word == nil
            default: break
            }
        }
    }

    /// Where the transaction belongs until its first statement says more.
    /// - Parameters:
    ///   - database: the level by the settings of role and database; nil: it is not known.
    ///   - mayLead: whether its leading reads may run on a replica although it may write.
    func transactionBegun(
        _ defaults: TransactionDefaults,
        database: TransactionOptions.Isolation?,
        mayLead: Bool
    ) -> ClientTransaction {
        if isUnclear { return .begunOnPrimary }
        let isReadOnly = readOnly ?? defaults.isReadOnly
        let level = isolation ?? defaults.isolation ?? database
        // Replicas take no serializable transactions (PostgreSQL documentation, 27.4.1). Of what is not known nobody
        // can say whether it could move there later.
        if level == .serializable || isReadOnly && level == nil { return .begunOnPrimary }
        // REPEATABLE READ has one snapshot, and that is one node's. READ UNCOMMITTED is READ COMMITTED.
        let looksAnew = level == .readCommitted || level == .readUncommitted
        if isReadOnly { return looksAnew ? .begunReadOnly : .begunToStay }
        return mayLead && looksAnew && readOnly == nil ? .begunToLead : .begun
    }
}
