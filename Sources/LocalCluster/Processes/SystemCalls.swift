import CLinux
import Glibc

/// The text that the C library has for an errno.
func errorText(_ code: Int32) -> String {
    String(cString: strerror(code))
}

/// An owned file descriptor, closed at the end of its life.
struct Descriptor: ~Copyable {
    let number: Int32

    init(number: Int32) { self.number = number }

    deinit { close(number) }

    /// Hands the descriptor to the caller, who closes it.
    consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}

/// A pipe of close-on-exec descriptors.
func makePipe() throws(LocalClusterError) -> (reader: Int32, writer: Int32) {
    var ends: (Int32, Int32) = (-1, -1)
    let failure = withUnsafeMutablePointer(to: &ends) { pair in
        pair.withMemoryRebound(to: Int32.self, capacity: 2) { howdah_pipe($0) }
    }
    guard failure == 0 else { throw .system(call: "pipe2", code: failure) }
    return (ends.0, ends.1)
}

/// A descriptor that reads `text`, for a child's standard input.
func makeMemoryFile(_ text: String) throws(LocalClusterError) -> Descriptor {
    var text = text
    let number = text.withUTF8 { howdah_memory_file($0.baseAddress, $0.count) }
    guard number >= 0 else { throw .system(call: "memfd_create", code: -number) }
    return Descriptor(number: number)
}

/// The value of an environment variable; nil where it is unset or empty.
func environmentVariable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}

/// The names in a directory; none where it can not be read.
func directoryEntries(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
            tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// The whole of a file as text, from `offset` on; nil where it can not be read.
func readFile(_ path: String, from offset: Int = 0) -> String? {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let file = Descriptor(number: number)
    guard offset == 0 || lseek(file.number, off_t(offset), SEEK_SET) >= 0 else { return nil }
    return readToEnd(file.number)
}

/// Everything that a descriptor still has to give, as text; nil on an error.
func readToEnd(_ number: Int32) -> String? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
        let count = read(number, &chunk, chunk.count)
        if count < 0 && errno == EINTR { continue }
        if count < 0 { return nil }
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// How `writeFile` treats what a file held before.
enum WriteMode {
    case replace
    case append
}

/// Writes a file that belongs to the account that PostgreSQL runs as.
///
/// The directory belongs to that account too, so a link in the place of the file is not followed.
func writeFile(_ path: String, _ text: String, mode: WriteMode, account: ServerAccount) throws(LocalClusterError) {
    let disposition = mode == .append ? O_APPEND : O_TRUNC
    let number = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | disposition, 0o600)
    guard number >= 0 else { throw .system(call: "open \(path)", code: errno) }
    let file = Descriptor(number: number)
    if case .other(let user, let group, _) = account, fchown(file.number, user, group) != 0 {
        throw .system(call: "fchown \(path)", code: errno)
    }
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes { write(file.number, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw .system(call: "write \(path)", code: errno) }
        written += count
    }
}
