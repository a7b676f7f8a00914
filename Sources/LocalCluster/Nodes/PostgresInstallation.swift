import Glibc

/// An installed set of PostgreSQL server binaries.
package struct PostgresInstallation: Sendable, Equatable {
    /// The directory with `initdb`, `postgres`, `psql` and the like.
    package let binaries: String

    /// Where Debian and Ubuntu put each major version.
    private static let debianRoot = "/usr/lib/postgresql"

    /// Looks in `HOWDAH_PG_BIN` (and, where that is set, nowhere else), then for the newest version under
    /// `/usr/lib/postgresql`, then on `PATH`, then where `pg_config` on `PATH` stands.
    package static func find() throws(LocalClusterError) -> PostgresInstallation {
        if let chosen = environmentVariable("HOWDAH_PG_BIN") {
            guard isComplete(chosen) else { throw .noBinaries(searched: ["HOWDAH_PG_BIN=\(chosen)"]) }
            return PostgresInstallation(binaries: chosen)
        }
        let versions = directoryEntries(debianRoot).compactMap { Int($0) }.sorted(by: >)
        let path = (environmentVariable("PATH") ?? "/usr/bin:/bin").split(separator: ":").map(String.init)
        let candidates = versions.map { "\(debianRoot)/\($0)/bin" } + path + path.compactMap(linkedDirectory)
        guard let found = candidates.first(where: isComplete) else {
            throw .noBinaries(searched: ["\(debianRoot)/*/bin", "PATH"])
        }
        return PostgresInstallation(binaries: found)
    }

    /// The path of one of the binaries.
    package func path(_ program: String) -> String { "\(binaries)/\(program)" }

    /// Whether a library such as `pg_stat_statements` can be named in `shared_preload_libraries`.
    package func hasLibrary(_ name: String) -> Bool {
        let files = ["\(binaries)/../lib/\(name).so", "\(binaries)/../lib/postgresql/\(name).so"]
        return files.contains { access($0, R_OK) == 0 }
    }

    private static func isComplete(_ directory: String) -> Bool {
        ["initdb", "postgres", "psql"].allSatisfy { access("\(directory)/\($0)", X_OK) == 0 }
    }

    /// Distributions link single programs into `PATH`: where the link of `pg_config` or `initdb` leads is where the
    /// others are.
    private static func linkedDirectory(_ directory: String) -> String? {
        for program in ["initdb", "pg_config"] {
            guard let resolved = realpath("\(directory)/\(program)", nil) else { continue }
            defer { free(resolved) }
            let target = String(cString: resolved)
            if let slash = target.lastIndex(of: "/") { return String(target[..<slash]) }
        }
        return nil
    }
}
