import PostgresWire

/// An error as the model's PostgreSQL raises it.
struct ModelError: Error {
    let sqlState: String
    let message: String
    var routine: String?

    var bytes: [UInt8] {
        var builder = MessageBuilder()
        builder.message(BackendTag.errorResponse) { body in
            for (name, value) in [
                ("S", "ERROR"), ("V", "ERROR"), ("C", sqlState), ("M", message), ("R", routine ?? "f"),
            ] {
                body.raw(Array(name.utf8))
                body.string(value)
            }
            body.byte(0)
        }
        return builder.bytes
    }

    static let aborted = ModelError(
        sqlState: "25P02",
        message: "current transaction is aborted, commands ignored until end of transaction block"
    )

    static let cancelled = ModelError(
        sqlState: "57014",
        message: "canceling statement due to user request",
        routine: "ProcessInterrupts"
    )
}
