import PostgresWire

/// What has come of reading the settings again.
package enum ReloadOutcome: Sendable, Equatable {
    /// They are in effect, but for what the notices tell of.
    case applied(notices: [PostgresError])
    /// Nothing has changed.
    case refused(PostgresError)
}
