import MonotonicTime

/// From which lag on a replica gets no reads.
package struct LagLimits: Sendable, Equatable {
    /// Setting `max_lag`; nil: no limit.
    package var time: Duration?
    /// Setting `max_lag_bytes`; nil: no limit.
    package var bytes: UInt64?

    package init(time: Duration? = .seconds(10), bytes: UInt64? = nil) {
        self.time = time
        self.bytes = bytes
    }

    /// What is over the limit. One that is over already stays so down to half of it, so that a replica at the limit
    /// does not come and go.
    func excess(lag: UInt64, bytes lagBytes: UInt64, isOver: Bool) -> String? {
        if let time, lag > time.microseconds / (isOver ? 2 : 1) {
            return "lags \(Self.seconds(lag)) s behind the primary (max_lag = \(Self.seconds(time.microseconds)) s)"
        }
        if let bytes, lagBytes > bytes / (isOver ? 2 : 1) {
            return "lags \(lagBytes) bytes behind the primary (max_lag_bytes = \(bytes))"
        }
        return nil
    }

    /// Seconds with one digit behind the point.
    private static func seconds(_ microseconds: UInt64) -> String {
        "\(microseconds / 1_000_000).\(microseconds / 100_000 % 10)"
    }
}
