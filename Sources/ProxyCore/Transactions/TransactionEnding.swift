import StatementRouting

/// What the batches that a client has in flight may do to the end of its transaction: whether a server that is lost
/// with them may have committed.
enum TransactionEnding: UInt8, BitwiseCopyable, CaseIterable {
    /// None of them ends a transaction.
    case none
    /// The last of them is ROLLBACK.
    case rollback
    /// The last of them is COMMIT.
    case commit
    /// A COMMIT may be somewhere among them.
    case possible

    /// Whether the transaction is over with the last of them, whatever becomes of it.
    var isCertain: Bool { self == .rollback || self == .commit }

    /// Whether a server that is lost may have committed.
    var mayHaveCommitted: Bool { self == .commit || self == .possible }

    /// With another batch behind those in flight.
    mutating func follow(_ next: TransactionEnding) {
        self = self == .none ? next : .possible
    }
}

extension TransactionEffect {
    /// Whether a text with this effect is the end of a transaction.
    var ends: Bool { self == .commit || self == .rollback || chains }

    /// Whether a text with this effect takes back what came before it.
    var rollsBack: Bool { self == .rollback || self == .rollbackChain }

    /// Whether another transaction begins with the end of the one before.
    var chains: Bool { self == .commitChain || self == .rollbackChain }

    /// Whether an error in a text with this effect may leave a transaction open that has failed.
    var begins: Bool {
        switch self {
        case .begin, .beginReadOnly, .beginReadWrite, .beginSerializable, .mixed: true
        case .none, .commit, .commitChain, .rollback, .rollbackChain, .savepoint, .releaseSavepoint,
            .rollbackToSavepoint, .prepareTransaction, .commitPrepared, .rollbackPrepared, .setTransaction,
            .setTransactionReadOnly, .setTransactionReadWrite, .setTransactionSerializable, .setTransactionSnapshot,
            .setSessionCharacteristics:
            false
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
