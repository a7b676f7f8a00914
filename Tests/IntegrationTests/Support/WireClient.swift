import Glibc

/// A client that speaks the protocol over a blocking socket and hides nothing of it. Every wait has a limit.
///
/// Used by one thread at a time.
final class WireClient: @unchecked Sendable {
    private(set) var descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    /// What was sent at log-in: BackendKeyData's process id and key.
    private(set) var processID: [UInt8] = []
    private(set) var key: [UInt8] = []
    /// ParameterStatus messages so far, the last of each name.
    private(set) var parameters: [String: String] = [:]

    /// Connects, and sends nothing.
    /// - Parameters:
    ///   - timeout: seconds that one receive or send may take: no measure of anything, since only what is broken meets
    ///     it.
    ///   - receiveBuffer: bytes that the kernel may hold for this client; 0 leaves that to it.
    init(connectedTo port: UInt16, timeout: Int = 60, receiveBuffer: Int32 = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw WireError.system("socket", errno) }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        if receiveBuffer > 0 {
            var size = receiveBuffer
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            let code = errno
            Glibc.close(descriptor)
            descriptor = -1
            throw WireError.system("connect", code)
        }
    }

    /// Connects and logs in without a password.
    convenience init(
        port: UInt16,
        user: String = "app",
        database: String = "app",
        settings: [(String, String)] = [],
        timeout: Int = 60,
        receiveBuffer: Int32 = 0
    ) throws {
        try self.init(connectedTo: port, timeout: timeout, receiveBuffer: receiveBuffer)
        try send(Frontend.startup([("user", user), ("database", database)] + settings))
        _ = try welcome()
    }

    deinit { close() }

    /// Closes the socket, with nothing said to the other side.
    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Closes the socket so that the other side sees a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    // MARK: Sending

    func send(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
                let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                if count < 0 {
                    if errno == EINTR { continue }
                    if errno == EAGAIN { throw WireError.timedOut("send") }
                    if errno == EPIPE || errno == ECONNRESET { throw WireError.closed }
                    throw WireError.system("send", errno)
                }
                offset += count
            }
        }
    }

    // MARK: Receiving

    /// Bytes that are not looked at as messages, such as the answer to SSLRequest.
    func receiveBytes(_ count: Int) throws -> [UInt8] {
        while buffer.count - start < count { try fill() }
        defer { start += count }
        return Array(buffer[start..<start + count])
    }

    func receive() throws -> WireMessage {
        let header = try receiveBytes(5)
        let length = header[1...].reduce(0) { $0 << 8 | Int($1) }
        guard length >= 4 else { throw WireError.system("a message of length \(length)", 0) }
        let message = WireMessage(tag: header[0], body: try receiveBytes(length - 4))
        if message.is("S"), message.strings.count == 2 { parameters[message.strings[0]] = message.strings[1] }
        return message
    }

    /// All messages up to ReadyForQuery, which is the last.
    func receiveCycle() throws -> WireReply {
        var messages: [WireMessage] = []
        repeat { messages.append(try receive()) } while !messages[messages.count - 1].is("Z")
        return WireReply(messages: messages)
    }

    /// Messages up to the first of this type, which is the last.
    func receive(until letter: Character) throws -> WireReply {
        var messages: [WireMessage] = []
        repeat { messages.append(try receive()) } while !messages[messages.count - 1].is(letter)
        return WireReply(messages: messages)
    }

    /// Messages until the other side closes the connection.
    func receiveToEnd() throws -> WireReply {
        var messages: [WireMessage] = []
        while true {
            do {
                messages.append(try receive())
            } catch WireError.closed {
                return WireReply(messages: messages)
            }
        }
    }

    /// Reads a message whose body is thrown away as it comes.
    /// - Returns: the tag and the body's size.
    func skim() throws -> (letter: Character, size: Int) {
        let header = try receiveBytes(5)
        var left = header[1...].reduce(0) { $0 << 8 | Int($1) } - 4
        let size = left
        while left > 0 {
            if start == buffer.count { try fill() }
            let step = min(left, buffer.count - start)
            start += step
            left -= step
        }
        return (Character(UnicodeScalar(header[0])), size)
    }

    private func fill() throws {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 1 << 20 {
            buffer.removeFirst(start)
            start = 0
        }
        let old = buffer.count
        let space = 1 << 16
        let count = try withUnsafeTemporaryAllocation(byteCount: space, alignment: 16) { space -> Int in
            while true {
                let count = recv(descriptor, space.baseAddress, space.count, 0)
                if count > 0 {
                    buffer.append(contentsOf: UnsafeRawBufferPointer(space)[..<count])
                    return count
                }
                if count == 0 { throw WireError.closed }
                if errno == EINTR { continue }
                if errno == ECONNRESET { throw WireError.closed }
                if errno == EAGAIN { throw WireError.timedOut("receive") }
                throw WireError.system("recv", errno)
            }
        }
        precondition(buffer.count == old + count)
    }

    /// Whether something arrives within so many milliseconds.
    func hasInput(within milliseconds: Int32) -> Bool {
        if start < buffer.count { return true }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    // MARK: In one step

    /// What is sent between log-in without a password and the first ReadyForQuery.
    @discardableResult
    func welcome() throws -> WireReply {
        var messages: [WireMessage] = []
        repeat {
            let message = try receive()
            if message.is("E") { throw WireError.refused(message) }
            if message.is("K") {
                processID = Array(message.body.prefix(4))
                key = Array(message.body.dropFirst(4))
            }
            messages.append(message)
        } while !messages[messages.count - 1].is("Z")
        return WireReply(messages: messages)
    }

    /// Runs a simple query.
    @discardableResult
    func query(_ sql: String) throws -> WireReply {
        try send(Frontend.query(sql))
        return try receiveCycle()
    }

    /// Runs an unnamed statement in the extended protocol.
    @discardableResult
    func extended(_ sql: String, _ values: [String?] = []) throws -> WireReply {
        try send(Frontend.extended(sql, values))
        return try receiveCycle()
    }

    /// The first column of the first row.
    func value(_ sql: String) throws -> String { try query(sql).value }
}
