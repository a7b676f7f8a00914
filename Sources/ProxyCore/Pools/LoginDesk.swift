/// What log-ins go by: keys that have been derived for them, and when what they go by has changed last, or may have.
struct LoginDesk {
    var keys = SaltedPasswordCache()
    /// The first look at the primary's position that covers what was changed last.
    private(set) var lastChange: SampleNumber = 0
    private var doubtedAt = Microseconds.min / 2
    private static let leastGapOfDoubts: Microseconds = 100_000

    init() {}

    /// Roles or databases have changed.
    mutating func changed(coveredBy look: SampleNumber) { lastChange = look }

    /// They may have.
    /// - Returns: whether the control plane is to look; it has just been asked to, where not.
    mutating func doubt(at now: Microseconds) -> Bool {
        guard now - doubtedAt >= Self.leastGapOfDoubts else { return false }
        doubtedAt = now
        return true
    }
}
