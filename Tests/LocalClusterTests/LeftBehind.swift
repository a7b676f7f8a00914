import Foundation

/// What a cluster could leave on the machine.
struct LeftBehind {
    let directory: String

    /// Processes that name the cluster's directory on their command line.
    var processes: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.compactMap { process in
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return nil }
            let line = String(decoding: bytes, as: UTF8.self)
            return line.contains(directory) ? "\(process) \(line)" : nil
        }
    }

    var isDirectoryThere: Bool { FileManager.default.fileExists(atPath: directory) }

    /// The System V shared memory segments that the nodes use now, by their ids.
    var sharedMemory: [String] {
        let nodes = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return nodes.compactMap { node in
            let lock = try? String(contentsOfFile: "\(directory)/\(node)/postmaster.pid", encoding: .utf8)
            return lock?.split(separator: "\n", omittingEmptySubsequences: false)[6].split(separator: " ").last
                .map(String.init)
        }
    }

    /// Those of `segments` that the kernel still has.
    static func existing(_ segments: [String]) throws -> [String] {
        let table = try String(contentsOfFile: "/proc/sysvipc/shm", encoding: .utf8)
        let ids = Set(
            table.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) }
        )
        return segments.filter { ids.contains($0) }
    }
}
