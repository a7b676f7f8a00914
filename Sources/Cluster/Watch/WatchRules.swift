/// When outcomes of checks become a verdict on a node, and how soon it is checked again.
package struct WatchRules: Sendable, Equatable {
    /// Time between two checks of a node that is well, or that is known to be lost. Setting `node_check_interval`.
    package var interval: Duration
    /// Time until the next check while failures are being counted.
    package var recheckInterval: Duration
    /// Time between two checks of any node while there is no primary.
    package var urgentInterval: Duration
    /// The least time between the starts of two checks, however many hints come in.
    package var leastGap: Duration
    /// So many failures …
    package var failures: Int
    /// … among so many of the last checks (at most 32) make the verdict "lost".
    package var window: Int
    /// So many successes in a row end it.
    package var successes: Int

    /// `recheckInterval` is a quarter of `interval`, `urgentInterval` at most 200 ms and `leastGap` a tenth of
    /// `interval`, at most 100 ms, unless they are set afterwards.
    package init(interval: Duration = .seconds(1), failures: Int = 2, window: Int = 3, successes: Int = 1) {
        precondition(failures >= 1 && window >= failures && window <= 32 && successes >= 1)
        self.interval = interval
        recheckInterval = interval / 4
        urgentInterval = min(interval, .milliseconds(200))
        leastGap = min(interval / 10, .milliseconds(100))
        self.failures = failures
        self.window = window
        self.successes = successes
    }
}
