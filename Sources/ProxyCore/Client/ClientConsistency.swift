import ProxyTerms

/// What few sessions set of Howdah itself, most of it consistency: kept off the session's slot.
final class ClientConsistency {
    enum PositionRequest {
        case none
        /// `SHOW howdah.position` waits for this look at the primary.
        case asked(SampleNumber, since: Microseconds)
        case known(SessionPosition)
        case failed
    }

    /// `SET howdah.read_your_writes`; nil: as the pool has it.
    var mode: ReadYourWrites?
    /// `SET howdah.transaction_reads`; nil: as the pool has it.
    var transactionReads: TransactionReads?
    /// `SET howdah.position`, until all replicas have replayed it.
    var required: SessionPosition?
    var request = PositionRequest.none
    /// What `SHOW howdah.position` shows in the batch that is being sent.
    var shown: SessionPosition?
    /// Of the settings here, and of `ClientSession.preference`.
    var journal = OwnSettingsJournal()
}
