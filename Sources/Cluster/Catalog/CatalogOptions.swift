/// How catalog facts are kept fresh.
package struct CatalogOptions: Sendable {
    /// A database's catalog is looked at for changes this often.
    package var interval: Duration
    /// Time for one look or one load, connecting included.
    package var timeout: Duration
    /// After a change that was told of the look waits until no other has come for so long, so that a crowd of them
    /// costs one look.
    package var quiet: Duration
    /// A look is put off no longer than this after the first change that it has not seen.
    package var longestDelay: Duration

    /// Looks at the same time; one more waits for its turn.
    static let connections = 4
    /// Of these, at most so many at databases whose last look has failed: they may take all their time again.
    static let connectionsOfFailing = 1
    /// Each failure in a row doubles the time to the next look, so often at most.
    static let mostDoublings: UInt64 = 5

    package init(
        interval: Duration = .seconds(10),
        timeout: Duration = .seconds(15),
        quiet: Duration = .milliseconds(200),
        longestDelay: Duration = .seconds(2)
    ) {
        self.interval = interval
        self.timeout = timeout
        self.quiet = quiet
        self.longestDelay = longestDelay
    }
}
