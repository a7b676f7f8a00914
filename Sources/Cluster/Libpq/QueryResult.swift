import CLibpq

/// A PGresult, cleared at the end of its life. All values are text.
///
/// An answer need not have the rows and columns that were asked for, nor numbers where PostgreSQL has some. Nothing is
/// read that is not there; a value that is not as it was asked for is an error, which says that this is no PostgreSQL's
/// answer. libpq itself gives a null pointer for a row or column that is not there.
struct QueryResult: ~Copyable {
    private let pointer: OpaquePointer
    let rowCount: Int
    private let columnCount: Int

    /// Takes ownership.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = Int(PQnfields(pointer))
    }

    deinit { PQclear(pointer) }

    /// Empty where there is no row.
    func firstRow() throws(ProbeFailure) -> [String?] {
        var values: [String?] = []
        for column in 0..<(rowCount == 0 ? 0 : columnCount) { values.append(try value(0, column)) }
        return values
    }

    var isError: Bool {
        switch PQresultStatus(pointer) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: false
        default: true
        }
    }

    /// COPY has begun, which nothing of ours asks for: libpq would tell of it again and again, without an end.
    var isCopy: Bool {
        switch PQresultStatus(pointer) {
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: true
        default: false
        }
    }

    /// The server's error on one line; empty where there is none.
    var errorText: String { ServerMessage(String(cString: PQresultErrorMessage(pointer))).text }

    /// - Returns: nil for NULL.
    func value(_ row: Int, _ column: Int) throws(ProbeFailure) -> String? {
        guard (0..<rowCount).contains(row), (0..<columnCount).contains(column),
            let bytes = PQgetvalue(pointer, Int32(row), Int32(column))
        else {
            throw .malformedAnswer(
                "row \(row + 1), column \(column + 1) is asked of \(rowCount) rows of \(columnCount) columns"
            )
        }
        if PQgetisnull(pointer, Int32(row), Int32(column)) == 1 { return nil }
        return String(cString: bytes)
    }

    /// A value that is not NULL.
    func text(_ row: Int, _ column: Int) throws(ProbeFailure) -> String {
        guard let text = try value(row, column) else { throw wrong(row, column, "NULL") }
        return text
    }

    /// - Parameter read: nil for a text that is none.
    /// - Returns: nil for NULL.
    func value<T>(_ row: Int, _ column: Int, _ read: (String) -> T?) throws(ProbeFailure) -> T? {
        guard let text = try value(row, column) else { return nil }
        guard let found = read(text) else { throw wrong(row, column, Self.quoted(text)) }
        return found
    }

    func integer<T: FixedWidthInteger>(_ row: Int, _ column: Int, _ type: T.Type) throws(ProbeFailure) -> T {
        let text = try text(row, column)
        guard let number = T(text) else { throw wrong(row, column, Self.quoted(text)) }
        return number
    }

    /// PostgreSQL's `t` and `f`.
    func isTrue(_ row: Int, _ column: Int) throws(ProbeFailure) -> Bool {
        switch try text(row, column) {
        case "t": return true
        case "f": return false
        case let other: throw wrong(row, column, Self.quoted(other))
        }
    }

    /// On one line and short, whatever the node has said: it goes to the log and to the console.
    private static func quoted(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(100))).debugDescription
    }

    private func wrong(_ row: Int, _ column: Int, _ found: String) -> ProbeFailure {
        .malformedAnswer("row \(row + 1), column \(column + 1) of its answer is \(found)")
    }
}
