/// How proxies agree. Times are those of settings named here.
package struct CoordinationRules: Sendable, Equatable {
    /// Of the lease, in seconds. Setting `etcd_ttl`.
    package var seconds: Int
    /// Between two looks at the keys.
    package var interval: Duration
    /// The same while there is no primary, and after a failure.
    package var urgentInterval: Duration
    /// An acknowledgement that is outstanding for longer is told to the log.
    package var patience: Duration

    package init(
        seconds: Int = 10,
        interval: Duration = .seconds(1),
        urgentInterval: Duration = .milliseconds(200),
        patience: Duration = .seconds(2)
    ) {
        self.seconds = seconds
        self.interval = interval
        self.urgentInterval = urgentInterval
        self.patience = patience
    }

    /// How long a renewal lets this proxy write, counted from before it was asked for: two thirds of the lease. The
    /// last third is for clocks that do not run alike, for a leader of etcd that did not know yet that it was none, and
    /// for the workers to cut what runs.
    static func writing(_ seconds: Int) -> UInt64 { UInt64(max(0, seconds)) * 2_000_000 / 3 }
}
