@testable import LocalCluster

/// `pgbench` as a user runs it.
enum Pgbench {
    struct Result {
        let status: Int32
        let output: String
    }

    static func run(
        _ arguments: [String],
        port: UInt16,
        cluster: LocalCluster,
        seconds: Int = 300
    ) throws -> Result {
        let program = try RunningProgram(
            path: cluster.installation.path("pgbench"),
            arguments: arguments + ["-h", "127.0.0.1", "-p", "\(port)", "-U", "bench", "app"],
            directory: cluster.directory,
            account: cluster.primary.account
        )
        let result = try program.finish(WaitLimit(.seconds(seconds)))
        return Result(status: result.status, output: result.output + result.error)
    }
}
