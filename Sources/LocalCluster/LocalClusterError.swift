/// Why a throw-away cluster, or something asked of one of its nodes, did not come about.
package enum LocalClusterError: Error, Equatable, CustomStringConvertible {
    /// No directory with `initdb`, `postgres` and `psql` was found. The payload lists where it was looked for.
    case noBinaries(searched: [String])
    /// The caller is root, which PostgreSQL refuses to run as, and there is no user to drop to.
    case noUnprivilegedUser
    /// No directory for temporary files can be written to by the user that PostgreSQL runs as.
    case noDirectory(tried: [String], detail: String)
    /// A system call failed with `code` (errno).
    case system(call: String, code: Int32)
    /// A program ended with another status than 0. `output` is what it said.
    case programFailed(name: String, status: Int32, output: String)
    /// `psql` reported an error of the server; the message is the server's.
    case sqlFailed(node: String, message: String)
    /// A node ended while it was starting. `log` is the end of its log.
    case nodeFailed(node: String, log: String)
    /// The node is not running.
    case notRunning(node: String)
    /// The node is running already.
    case alreadyRunning(node: String)
    /// Something took longer than `LocalClusterOptions.timeout`.
    case timedOut(waitingFor: String)
    /// `LocalClusterOptions.cancellation` became readable while the cluster was starting.
    case cancelled

    package var description: String {
        switch self {
        case .noBinaries(let searched):
            return "no PostgreSQL server binaries found (looked in \(searched.joined(separator: ", "))); "
                + "install them with 'apt-get install postgresql', or set HOWDAH_PG_BIN to the directory "
                + "that holds initdb and postgres"
        case .noUnprivilegedUser:
            return "PostgreSQL does not run as root, and there is neither a user 'postgres' nor 'nobody' to run it as; "
                + "create one with 'adduser --system postgres', or start howdah as another user"
        case .noDirectory(let tried, let detail):
            return "no temporary directory that PostgreSQL's user can write to (tried "
                + "\(tried.joined(separator: ", "))): \(detail); set TMPDIR to one"
        case .system(let call, let code):
            return "\(call): \(errorText(code))"
        case .programFailed(let name, let status, let output):
            return "\(name) failed with status \(status): \(output)"
        case .sqlFailed(let node, let message):
            return "\(node): \(message)"
        case .nodeFailed(let node, let log):
            return "PostgreSQL (\(node)) ended while starting; its log ends with:\n\(log)"
        case .notRunning(let node):
            return "\(node) is not running"
        case .alreadyRunning(let node):
            return "\(node) is running already"
        case .timedOut(let subject):
            return "timed out waiting for \(subject)"
        case .cancelled:
            return "cancelled"
        }
    }
}
