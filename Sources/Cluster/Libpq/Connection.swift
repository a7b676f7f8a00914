import CLibpq
import Glibc

/// A connection through libpq that never blocks its thread; finished at the end of its life (PostgreSQL documentation,
/// 34.1 and 34.4).
struct Connection: ~Copyable {
    private let pointer: OpaquePointer
    private let user: String
    private let database: String

    /// Begins to connect (PQconnectStartParams).
    ///
    /// - Throws: `ProbeFailure` for parameters that libpq refuses.
    static func start(_ parameters: ConnectionParameters) throws(ProbeFailure) -> Connection {
        var keys: [UnsafePointer<CChar>?] = []
        var values: [UnsafePointer<CChar>?] = []
        for (key, value) in parameters.keywords {
            keys.append(UnsafePointer(strdup(key)))
            values.append(UnsafePointer(strdup(value)))
        }
        defer { for text in keys + values { free(UnsafeMutablePointer(mutating: text)) } }
        guard let pointer = PQconnectStartParams(keys + [nil], values + [nil], 0) else {
            throw .connectionLost("out of memory for a connection")
        }
        PQsetErrorVerbosity(pointer, PQERRORS_VERBOSE)
        // Without this, notices go to standard error.
        PQsetNoticeProcessor(pointer, { _, _ in }, nil)
        let connection = Connection(pointer: pointer, user: parameters.user, database: parameters.database)
        if PQstatus(pointer) == CONNECTION_BAD { throw connection.failure }
        return connection
    }

    /// Takes ownership.
    private init(pointer: OpaquePointer, user: String, database: String) {
        self.pointer = pointer
        self.user = user
        self.database = database
    }

    deinit { PQfinish(pointer) }

    /// Changes while connecting: libpq may try several addresses. Owned by libpq; -1 where there is none.
    var descriptor: Int32 { PQsocket(pointer) }

    /// `server_version_num`.
    var version: Int { Int(PQserverVersion(pointer)) }

    /// The numeric address that the connection goes to; empty for a Unix-domain socket.
    var address: String { PQhostaddr(pointer).map { String(cString: $0) } ?? "" }

    /// Moves a connect on; to be called when the descriptor is ready for what was waited for.
    func connect() throws(ProbeFailure) -> ConnectionProgress {
        switch PQconnectPoll(pointer) {
        case PGRES_POLLING_READING: return .waitingToRead
        case PGRES_POLLING_WRITING: return .waitingToWrite
        case PGRES_POLLING_OK:
            PQsetnonblocking(pointer, 1)
            return .done
        default: throw failure
        }
    }

    /// Sends a query of one statement; then `receive` until it gives a result.
    func send(_ query: String) throws(ProbeFailure) {
        if PQsendQuery(pointer, query) != 1 { throw failure }
        try flush()
    }

    /// Whether bytes are left to be written, so that the descriptor is to be polled for writing too.
    @discardableResult
    func flush() throws(ProbeFailure) -> Bool {
        switch PQflush(pointer) {
        case 0: return false
        case 1: return true
        default: throw failure
        }
    }

    /// Takes in what has arrived.
    ///
    /// - Returns: the result of the query sent last, once it is complete; nil before.
    func receive() throws(ProbeFailure) -> QueryResult? {
        if PQconsumeInput(pointer) != 1 { throw failure }
        try flush()
        if PQisBusy(pointer) == 1 { return nil }
        return PQgetResult(pointer).map { QueryResult($0) }
    }

    /// Whether the reply is at its end, so that the next query may be sent.
    func isAtEnd() throws(ProbeFailure) -> Bool {
        while PQisBusy(pointer) == 0 {
            guard let more = PQgetResult(pointer) else { return true }
            PQclear(more)
        }
        return false
    }

    /// Takes in what arrived while nothing was asked, such as a notice or the news that the server is going.
    func consumeUnasked() throws(ProbeFailure) {
        if PQconsumeInput(pointer) != 1 || PQstatus(pointer) == CONNECTION_BAD { throw failure }
    }

    private var failure: ProbeFailure {
        ServerMessage(String(cString: PQerrorMessage(pointer))).failure(user: user, database: database)
    }
}

/// How a connect under way stands.
enum ConnectionProgress: Equatable {
    case waitingToRead
    case waitingToWrite
    case done
}
