import MonotonicTime

/// What the loader keeps of one database.
struct WatchedDatabase {
    /// The rows published last, and the fingerprint of the catalog that they are known to be right for; that is nil
    /// where they may be mixed from before and after a change.
    var loaded: (fingerprint: CatalogFingerprint?, rows: CatalogRows)?
    /// When it is to be looked at next; microseconds of `MonotonicClock`.
    var due: UInt64
    /// The newest change that has been told of, and since when one has not been looked at.
    var change: CatalogChange = 0
    private(set) var changedSince: UInt64?
    /// Why the last look failed, as it was logged; nil where it did not.
    private(set) var failure: String?
    /// Looks that have failed since the last that did not.
    private(set) var failures = 0

    init(due: UInt64) { self.due = due }

    /// Something may have changed. Statements that change a schema come in crowds: the look waits until none has come
    /// for a while, yet not for ever.
    mutating func noteChange(_ new: CatalogChange, at now: UInt64, _ options: CatalogOptions) {
        change = max(change, new)
        let since = changedSince ?? now
        changedSince = since
        due = min(now &+ options.quiet.microseconds, since &+ options.longestDelay.microseconds)
    }

    /// A look begins: what is told from now on it may not see.
    mutating func beginLook() {
        changedSince = nil
        due = .max
    }

    mutating func succeeded(at now: UInt64, _ options: CatalogOptions) {
        failure = nil
        failures = 0
        lookAgain(at: now &+ options.interval.microseconds)
    }

    /// - Returns: whether the reason is another than before.
    mutating func failed(_ reason: String, at now: UInt64, _ options: CatalogOptions) -> Bool {
        let isNews = failure != reason
        failure = reason
        let factor = UInt64(1) << min(UInt64(failures), CatalogOptions.mostDoublings)
        failures += 1
        lookAgain(at: now &+ options.interval.microseconds &* factor)
        return isNews
    }

    private mutating func lookAgain(at time: UInt64) {
        // A change that was told of meanwhile has set an earlier time.
        due = min(due, time)
    }
}
