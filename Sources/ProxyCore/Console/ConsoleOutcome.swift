import PostgresWire

/// What has become of a command.
enum ConsoleOutcome {
    case done
    case failed(PostgresError)
    case waits(ConsoleWait.Subject)
}
