/// What becomes of a transaction that has only read on a replica so far, or is about to begin there, with its client's
/// next batch.
enum LeadingReads: Equatable {
    /// The batch waits until those in flight are over: what comes behind the end of the transaction may write, and what
    /// is in flight must be able to move alone.
    case wait
    /// It goes on as it is.
    case goOn
    /// The replica's half is rolled back, and the batch goes to the primary with the same BEGIN.
    case move
    /// It stays where it is until its end: a replica can run the batch, which is no plain read.
    case bind

    /// - Parameters:
    ///   - isBusy: whether the server owes replies.
    ///   - isRead: whether the batch does nothing but read, or end the transaction.
    ///   - needsPrimary: whether no replica can run the batch. Asked only of what is not a read.
    static func next(
        _ transaction: ClientTransaction,
        isBusy: Bool,
        isRead: @autoclosure () -> Bool,
        needsPrimary: @autoclosure () -> Bool
    ) -> LeadingReads {
        switch transaction {
        case .none, .begun, .begunToStay, .begunOnPrimary, .begunToLead, .open, .failed, .failedEnding, .lost:
            return .goOn
        case .begunReadOnly: return isRead() ? .goOn : .bind
        case .leadingFailed, .leadingFailedEnding: return isBusy ? .wait : .goOn
        case .beginningToLead, .leading:
            if isBusy { return .wait }
            return isRead() ? .goOn : .move
        case .leadingReadOnly:
            if isBusy { return .wait }
            if isRead() { return .goOn }
            return needsPrimary() ? .move : .bind
        }
    }
}
