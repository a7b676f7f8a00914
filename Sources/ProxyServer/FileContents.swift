import Glibc

/// Small files, read whole.
enum FileContents {
    private static let limit = 64 << 20

    /// nil where the file cannot be read (`errno` says why) or is larger than 64 MiB.
    static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return contents }
            guard count > 0, contents.count + count <= limit else { return nil }
            contents += buffer[..<count]
        }
    }
}
