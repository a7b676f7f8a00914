import Glibc

/// Reads a file whole.
enum ConfigurationFile {
    struct ReadError: Error {
        let message: String
    }

    /// Bytes; a larger file is no configuration.
    static let sizeLimit = 4 << 20

    static func read(_ path: String) throws(ReadError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return content }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure()
            }
            content += chunk[..<count]
            guard content.count <= sizeLimit else {
                throw ReadError(message: "cannot be read: it is larger than \(SizeUnit.render(sizeLimit))")
            }
        }
    }

    private static func failure() -> ReadError {
        ReadError(message: "cannot be read: " + String(cString: strerror(errno)))
    }
}
