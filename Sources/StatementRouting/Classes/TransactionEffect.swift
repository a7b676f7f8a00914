/// What a text does to the transaction it runs in.
///
/// Isolation levels and access modes are told only as far as keywords give them: values in literals
/// (`SET transaction_read_only = 'on'`) are read by `SessionCommands.parse`.
package enum TransactionEffect: UInt8, Sendable, BitwiseCopyable {
    case none
    /// BEGIN or START TRANSACTION with no access mode.
    case begin
    case beginReadOnly
    case beginReadWrite
    /// BEGIN … SERIALIZABLE, whatever its access mode: a hot standby refuses it.
    case beginSerializable
    case commit
    case commitChain
    case rollback
    case rollbackChain
    case savepoint
    case releaseSavepoint
    case rollbackToSavepoint
    case prepareTransaction
    case commitPrepared
    case rollbackPrepared
    /// SET TRANSACTION with neither an access mode nor SERIALIZABLE, or SET of transaction_read_only,
    /// transaction_isolation or transaction_deferrable as settings.
    case setTransaction
    case setTransactionReadOnly
    case setTransactionReadWrite
    case setTransactionSerializable
    /// SET TRANSACTION SNAPSHOT: the snapshot lives on the server that exported it.
    case setTransactionSnapshot
    /// SET SESSION CHARACTERISTICS AS TRANSACTION.
    case setSessionCharacteristics
    /// Several statements, at least one of which has an effect of its own.
    case mixed
}
