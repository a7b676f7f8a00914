import StatementRouting

/// What `pg_cancel_backend()` or `pg_terminate_backend()` does to a client.
struct ProcessSignal: Equatable, BitwiseCopyable {
    var kind = SignalCall.Kind.none
    /// The client's number, 0 for none.
    var process: UInt32 = 0
}
