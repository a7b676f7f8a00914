import Glibc

/// Stands between a node's socket and libpq, and lets through so many bytes and no more.
///
/// libpq has no bound of its own: told of a message of 1 GB it makes room for it, and then one call of PQconsumeInput
/// reads on for as long as anything comes; 200 MB were seen. So looking how much has come (TCP_INFO) between such calls
/// is too late, and single-row mode does not help against one long row. Instead libpq's descriptor is made one end of a
/// pair of sockets, in which there is never more than one piece: whatever libpq does, it gets no more than that at a
/// time. It is the same for TCP, for Unix-domain sockets, and below TLS.
final class Sluice {
    private static let piece = 32 << 10

    private let limit: AnswerLimit
    /// Of the node, for people.
    private let name: String
    /// The node's socket, once libpq has connected it; -1 before.
    private var outer: Int32 = -1
    /// Our end of the pair.
    private var inner: Int32 = -1
    /// Tells libpq's end of the pair from a socket that libpq has opened since, under the same number.
    private var identity: ino_t = 0
    /// What libpq has said and the node's socket has not taken yet.
    private var leaving: [UInt8] = []
    /// What the node has said and the pair has not taken yet.
    private var entering: [UInt8] = []
    private var left: Int
    /// Bytes that the node has sent.
    private(set) var received = 0

    init(limit: AnswerLimit, node name: String) {
        self.limit = limit
        self.name = name
        left = limit.bytes
    }

    deinit { close() }

    /// What to poll(2); nil where libpq's own descriptor is.
    var descriptor: Int32? { outer < 0 ? nil : outer }

    /// A statement is about to be sent.
    func begin() {
        if limit.span == .question { left = limit.bytes }
    }

    /// libpq keeps some of what nobody has asked for, such as settings that a server reports, for as long as a
    /// connection lasts. One that has brought several answers' worth is to be made anew.
    var isWornOut: Bool { received > 4 * limit.bytes }

    /// Takes libpq's place at the socket that it has connected.
    func follow(_ libpqs: Int32) throws(ProbeFailure) {
        leave(libpqs)
        if outer >= 0 { return }
        outer = fcntl(libpqs, F_DUPFD_CLOEXEC, 3)
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard outer >= 0, socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Self.noDescriptor }
        inner = ends[0]
        defer { _ = Glibc.close(ends[1]) }
        guard dup2(ends[1], libpqs) >= 0, fcntl(libpqs, F_SETFD, FD_CLOEXEC) >= 0 else { throw Self.noDescriptor }
        identity = Self.identity(of: libpqs)
    }

    private static let noDescriptor = ProbeFailure.connectionLost("no descriptor is left for a connection")

    private static func identity(of descriptor: Int32) -> ino_t {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_ino : 0
    }

    /// libpq may have turned to another socket, of another address.
    func leave(_ libpqs: Int32) {
        if Self.identity(of: libpqs) != identity { close() }
    }

    /// libpq has no socket any more.
    func close() {
        guard outer >= 0 else { return }
        // libpq's farewell.
        letOut()
        _ = Glibc.close(outer)
        if inner >= 0 { _ = Glibc.close(inner) }
        (outer, inner) = (-1, -1)
        (leaving, entering) = ([], [])
    }

    /// Passes on what libpq has written.
    func letOut() {
        guard outer >= 0, inner >= 0 else { return }
        while true {
            if leaving.isEmpty {
                leaving = Self.read(inner) ?? []
                if leaving.isEmpty { return }
            }
            let count = send(outer, leaving, leaving.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            if count < 0 {
                // One that takes nothing any more shows its end where it is read.
                if errno != EAGAIN, errno != EINTR { leaving = [] }
                return
            }
            leaving.removeFirst(count)
        }
    }

    /// Passes on one piece of what the node has sent.
    ///
    /// - Returns: whether there was any; there may be more then.
    /// - Throws: where it has sent more than it may. The connection is of no use any more.
    func letIn() throws(ProbeFailure) -> Bool {
        guard outer >= 0 else { return false }
        if entering.isEmpty {
            guard let piece = Self.read(outer) else { return false }
            if piece.isEmpty {
                shutdown(inner, Int32(SHUT_WR))
                return false
            }
            received += piece.count
            left -= piece.count
            if left < 0 { throw tooLong }
            entering = piece
        }
        let count = send(inner, entering, entering.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        if count > 0 { entering.removeFirst(count) }
        return true
    }

    /// Whether libpq has not read all that was let in.
    func holdsMore(_ libpqs: Int32) -> Bool {
        var count: Int32 = 0
        return outer >= 0 && ioctl(libpqs, UInt(FIONREAD), &count) == 0 && count > 0
    }

    /// - Returns: nil where nothing has come yet, nothing where there is an end.
    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var waits = false
        let bytes = [UInt8](unsafeUninitializedCapacity: piece) { buffer, count in
            let found = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            waits = found < 0 && (errno == EAGAIN || errno == EINTR)
            count = max(0, found)
        }
        return waits ? nil : bytes
    }

    private var tooLong: ProbeFailure {
        let what = limit.span == .question ? "in answer to one question" : "over one connection"
        return .malformedAnswer("node \(name) sent more than \(limit.bytes) bytes \(what)")
    }
}
