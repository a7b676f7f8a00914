import Glibc

/// A postmaster that this process started, with all that it forked.
struct ServerProcess: Sendable {
    /// The postmaster. It stays ours to wait for, so its number is not given to another process before `reap`.
    let postmaster: pid_t
    /// The reading end of a pipe that the postmaster and every process it forks hold as standard input, and nobody
    /// else: it hangs up when the last of them is gone.
    let lifeline: Int32

    static func start(
        installation: PostgresInstallation,
        dataDirectory: String,
        log: String,
        account: ServerAccount
    ) throws(LocalClusterError) -> ServerProcess {
        let pipe = try makePipe()
        let reader = Descriptor(number: pipe.reader)
        let writer = Descriptor(number: pipe.writer)
        var launch = ChildLaunch(
            path: installation.path("postgres"),
            arguments: ["-D", dataDirectory],
            environment: RunningProgram.environment
        )
        launch.directory = dataDirectory
        launch.account = account
        launch.input = writer.number
        launch.output = .file(log)
        let postmaster = try launch.spawn()
        return ServerProcess(postmaster: postmaster, lifeline: reader.release())
    }

    /// Waits, for `tick` milliseconds at most where one is given, for the last process of the node to end.
    ///
    /// - Returns: whether it has.
    func waitForEnd(_ limit: WaitLimit, tick: Int32? = nil, of name: String) throws(LocalClusterError) -> Bool {
        try limit.wait(for: [lifeline], tick: tick, subject: "\(name) to end")[0]
    }

    /// Frees what the kernel keeps of an ended postmaster. Nothing may be done with this value afterwards.
    func reap() {
        close(lifeline)
        _ = waitForExit(postmaster)
    }
}
