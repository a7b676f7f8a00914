import StatementRouting

/// What the batches that a client has in flight may do to the end of its transaction: whether a server that is lost
/// with them may have committed.
enum TransactionEnding: UInt8, BitwiseCopyable {
    /// None of them ends a transaction.
    case none
    /// The last of them is ROLLBACK.
    case rollback
    /// The last of them is COMMIT.
    case commit
    /// A COMMIT may be somewhere among them.
    case possible

    /// That of one batch, seen alone.
    init(_ plan: BatchPlan) {
        guard plan.extent == .whole, !plan.mayCommit else {
            self = Self.ofSingleCommit(plan)
            return
        }
        switch plan.statementClass.transaction {
        case .rollback where plan.statements == 1 && plan.statementClass.statementCount == 1: self = .rollback
        case .rollback, .rollbackChain: self = .possible
        default: self = .none
        }
    }

    private static func ofSingleCommit(_ plan: BatchPlan) -> TransactionEnding {
        let isAlone = plan.extent == .whole && plan.statements == 1 && plan.statementClass.statementCount == 1
        return isAlone && plan.statementClass.transaction == .commit ? .commit : .possible
    }

    /// Whether the transaction is over with the last of them, whatever becomes of it.
    var isCertain: Bool { self == .rollback || self == .commit }

    /// With another batch behind those in flight.
    mutating func follow(_ next: TransactionEnding) {
        self = self == .none ? next : .possible
    }
}

extension TransactionEffect {
    /// Whether an error in a text with this effect may leave a transaction open that has failed.
    var begins: Bool {
        switch self {
        case .begin, .beginReadOnly, .beginReadWrite, .beginSerializable, .mixed: true
        default: false
        }
    }

    /// Whether a text with this effect may make what came before it permanent.
    var mayCommit: Bool {
        switch self {
        case .commit, .commitChain, .prepareTransaction, .commitPrepared, .mixed: true
        case .none, .begin, .beginReadOnly, .beginReadWrite, .beginSerializable, .rollback, .rollbackChain, .savepoint,
            .releaseSavepoint, .rollbackToSavepoint, .rollbackPrepared, .setTransaction, .setTransactionReadOnly,
            .setTransactionReadWrite, .setTransactionSerializable, .setTransactionSnapshot,
            .setSessionCharacteristics:
            false
        }
    }
}
