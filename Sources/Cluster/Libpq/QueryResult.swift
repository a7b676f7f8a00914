import CLibpq

/// A PGresult, cleared at the end of its life. All values are text.
struct QueryResult: ~Copyable {
    private let pointer: OpaquePointer

    /// Takes ownership.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit { PQclear(pointer) }

    var rowCount: Int { Int(PQntuples(pointer)) }

    /// Empty where there is no row.
    var firstRow: [String?] { rowCount == 0 ? [] : (0..<Int(PQnfields(pointer))).map { value(0, $0) } }

    var isError: Bool {
        switch PQresultStatus(pointer) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: false
        default: true
        }
    }

    /// The server's error on one line; empty where there is none.
    var errorText: String { ServerMessage(String(cString: PQresultErrorMessage(pointer))).text }

    /// - Returns: nil for NULL.
    func value(_ row: Int, _ column: Int) -> String? {
        if PQgetisnull(pointer, Int32(row), Int32(column)) == 1 { return nil }
        return text(row, column)
    }

    /// NULL is the empty string.
    func text(_ row: Int, _ column: Int) -> String {
        String(cString: PQgetvalue(pointer, Int32(row), Int32(column)))
    }

    /// - Returns: nil where the value is no number.
    func integer(_ row: Int, _ column: Int) -> Int? {
        Int(text(row, column))
    }

    /// PostgreSQL's `t`.
    func isTrue(_ row: Int, _ column: Int) -> Bool {
        byte(row, column) == UInt8(ascii: "t")
    }

    /// The first byte of a value of type "char"; 0 where it is empty.
    func byte(_ row: Int, _ column: Int) -> UInt8 {
        UInt8(bitPattern: PQgetvalue(pointer, Int32(row), Int32(column)).pointee)
    }
}
