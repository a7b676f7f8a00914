/// What ReadyForQuery says of the session's transaction (PostgreSQL documentation, 55.7, ReadyForQuery).
@usableFromInline
package enum TransactionStatus: UInt8, Sendable, BitwiseCopyable {
    case idle = 0x49  // I
    case inTransaction = 0x54  // T
    case failed = 0x45  // E
}
