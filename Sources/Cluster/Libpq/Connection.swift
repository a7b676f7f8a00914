import CLibpq
import Glibc

/// A connection through libpq that never blocks its thread; finished at the end of its life (PostgreSQL documentation,
/// 34.1 and 34.4).
struct Connection: ~Copyable {
    private let pointer: OpaquePointer
    private let user: String
    private let database: String
    private let sluice: Sluice

    /// Begins to connect (PQconnectStartParams).
    ///
    /// - Parameter limit: of what the node may send.
    /// - Throws: `ProbeFailure` for parameters that libpq refuses.
    static func start(_ parameters: ConnectionParameters, _ limit: AnswerLimit) throws(ProbeFailure) -> Connection {
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
        let connection = Connection(
            pointer: pointer,
            user: parameters.user,
            database: parameters.database,
            sluice: Sluice(limit: limit, node: parameters.node)
        )
        if PQstatus(pointer) == CONNECTION_BAD { throw connection.failure }
        return connection
    }

    /// Takes ownership.
    private init(pointer: OpaquePointer, user: String, database: String, sluice: Sluice) {
        self.pointer = pointer
        self.user = user
        self.database = database
        self.sluice = sluice
    }

    deinit {
        PQfinish(pointer)
        sluice.close()
    }

    /// Changes while connecting: libpq may try several addresses. Owned by libpq; -1 where there is none.
    var descriptor: Int32 { sluice.descriptor ?? PQsocket(pointer) }

    /// It has brought so much that it is to be made anew when there is time.
    var isWornOut: Bool { sluice.isWornOut }

    /// `server_version_num`.
    var version: Int { Int(PQserverVersion(pointer)) }

    /// The numeric address that the connection goes to; empty for a Unix-domain socket.
    var address: String { PQhostaddr(pointer).map { String(cString: $0) } ?? "" }

    /// Moves a connect on; to be called when the descriptor is ready for what was waited for.
    func connect() throws(ProbeFailure) -> ConnectionProgress {
        while true {
            let mayBeMore = try sluice.letIn()
            let progress = PQconnectPoll(pointer)
            sluice.letOut()
            try settleSluice()
            switch progress {
            case PGRES_POLLING_READING:
                if !mayBeMore, !sluice.holdsMore(PQsocket(pointer)) { return .waitingToRead }
            case PGRES_POLLING_WRITING: return .waitingToWrite
            case PGRES_POLLING_OK:
                PQsetnonblocking(pointer, 1)
                return .done
            default: throw failure
            }
        }
    }

    private func settleSluice() throws(ProbeFailure) {
        switch PQstatus(pointer) {
        // Until the start-up packet libpq reads nothing, and looks at the socket itself (`requirepeer`).
        case CONNECTION_NEEDED, CONNECTION_STARTED, CONNECTION_MADE: sluice.leave(PQsocket(pointer))
        case CONNECTION_BAD: break
        default: try sluice.follow(PQsocket(pointer))
        }
    }

    /// Sends a query of one statement; then `receive` until it gives a result.
    func send(_ query: String) throws(ProbeFailure) {
        sluice.begin()
        if PQsendQuery(pointer, query) != 1 { throw failure }
        try flush()
    }

    /// Whether bytes are left to be written, so that the descriptor is to be polled for writing too.
    @discardableResult
    func flush() throws(ProbeFailure) -> Bool {
        defer { sluice.letOut() }
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
        try takeIn()
        try flush()
        if PQisBusy(pointer) == 1 { return nil }
        guard let result = PQgetResult(pointer).map({ QueryResult($0) }) else { return nil }
        if result.isCopy { throw Self.copy }
        return result
    }

    private static var copy: ProbeFailure { .malformedAnswer("it begins COPY") }

    /// Until a result has come, or nothing is left to be read.
    private func takeIn() throws(ProbeFailure) {
        var mayBeMore = true
        while mayBeMore {
            mayBeMore = try sluice.letIn()
            // Nothing is left in the sluice, of which poll(2) does not tell.
            repeat {
                if PQconsumeInput(pointer) != 1 { throw failure }
            } while sluice.holdsMore(PQsocket(pointer))
            mayBeMore = mayBeMore && PQisBusy(pointer) == 1
            dropNotifications()
        }
    }

    /// libpq keeps them until they are asked for.
    private func dropNotifications() {
        while let notification = PQnotifies(pointer) { PQfreemem(notification) }
    }

    /// Whether the reply is at its end, so that the next query may be sent.
    func isAtEnd() throws(ProbeFailure) -> Bool {
        while PQisBusy(pointer) == 0 {
            guard let more = PQgetResult(pointer).map({ QueryResult($0) }) else { return true }
            if more.isCopy { throw Self.copy }
        }
        return false
    }

    /// Takes in what arrived while nothing was asked, such as a notice or the news that the server is going.
    func consumeUnasked() throws(ProbeFailure) {
        try takeIn()
        if PQstatus(pointer) == CONNECTION_BAD { throw failure }
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
