import CLibpq

/// A connection through libpq, for what it does and `WireClient` does not: passwords.
final class LibpqConnection {
    private let pointer: OpaquePointer

    /// - Throws: libpq's message.
    init(_ conninfo: String) throws {
        guard let pointer = PQconnectdb(conninfo) else { throw Failure(description: "out of memory") }
        self.pointer = pointer
        guard PQstatus(pointer) == CONNECTION_OK else {
            let message = String(cString: PQerrorMessage(pointer))
            throw Failure(description: message)
        }
    }

    deinit { PQfinish(pointer) }

    /// The first column of the first row.
    func value(_ sql: String) throws -> String {
        let result = PQexec(pointer, sql)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_TUPLES_OK else {
            throw Failure(description: String(cString: PQresultErrorMessage(result)))
        }
        return String(cString: PQgetvalue(result, 0, 0))
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}
