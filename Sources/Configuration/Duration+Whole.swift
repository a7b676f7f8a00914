extension Duration {
    /// Microseconds; anything finer is dropped. No value of a configuration has anything finer.
    package var wholeMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    /// Seconds, rounded up, for the socket options that count in seconds.
    package var wholeSecondsRoundedUp: Int64 {
        components.seconds + (components.attoseconds > 0 ? 1 : 0)
    }
}
