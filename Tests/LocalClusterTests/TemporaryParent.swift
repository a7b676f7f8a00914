import Foundation

/// A directory that only one test's clusters are made in, writable by PostgreSQL's user.
struct TemporaryParent {
    let path = FileManager.default.temporaryDirectory.path + "/parent-\(UInt32.random(in: 0...UInt32.max))"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path)
    }

    /// The directories of the clusters that are there now.
    func clusters() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
