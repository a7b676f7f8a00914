/// What is asked of a running node in SQL.
extension LocalNode {
    /// Runs a script through `psql` on this node, past any proxy.
    ///
    /// - Parameters:
    ///   - script: statements, as in a file given to `psql`; the first that fails ends it.
    ///   - database: the database to connect to.
    ///   - user: the role; only `postgres` where the cluster asks others for a password.
    /// - Returns: the rows: one a line, columns parted by `|`, without the line end of the last.
    /// - Throws: `sqlFailed` with the server's message.
    package func sql(
        _ script: String,
        database: String = "app",
        user: String = "postgres"
    ) throws(LocalClusterError) -> String {
        try sql(script, database: database, user: user, limit: WaitLimit(options.timeout))
    }

    func sql(
        _ script: String,
        database: String,
        user: String,
        limit: WaitLimit
    ) throws(LocalClusterError) -> String {
        let psql = try RunningProgram(
            path: installation.path("psql"),
            arguments: [
                "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--no-password", "--set=ON_ERROR_STOP=1",
                "--file=-", "host=127.0.0.1 port=\(port) user=\(user) dbname='\(database)'",
            ],
            input: script,
            directory: socketDirectory,
            account: account
        )
        let result = try psql.finish(limit)
        guard result.status == 0 else { throw .sqlFailed(node: name, message: result.error) }
        return result.output.hasSuffix("\n") ? String(result.output.dropLast()) : result.output
    }

    /// Makes a replica a primary and waits until it is.
    package func promote() throws(LocalClusterError) {
        let answer = try sql("SELECT pg_promote(true, \(max(1, options.timeout.components.seconds)))")
        guard answer == "t" else { throw .timedOut(waitingFor: "\(name) to be promoted") }
    }

    /// Has a replica go on receiving WAL but not replay it; returns when replay stands still.
    package func pauseReplay() throws(LocalClusterError) {
        _ = try sql("SELECT pg_wal_replay_pause()")
        try wait(for: "pg_get_wal_replay_pause_state() = 'paused'", subject: "\(name) to pause its replay")
    }

    /// Has a replica replay again.
    package func resumeReplay() throws(LocalClusterError) {
        _ = try sql("SELECT pg_wal_replay_resume()")
    }

    /// Waits until a condition holds on this node; the server looks every few milliseconds.
    ///
    /// - Parameters:
    ///   - condition: a boolean SQL expression.
    ///   - subject: what is waited for, as the error names it.
    package func wait(for condition: String, subject: String) throws(LocalClusterError) {
        try wait(for: condition, subject: subject, limit: WaitLimit(options.timeout))
    }

    func wait(for condition: String, subject: String, limit: WaitLimit) throws(LocalClusterError) {
        // Statistics views stand still within a transaction unless their snapshot is thrown away
        // ("PostgreSQL documentation, 28.2.2").
        let left = max(1, Int((limit.deadline - .now) / .milliseconds(1)))
        let script = """
            SET statement_timeout = \(left);
            DO $wait$
            BEGIN
                LOOP
                    PERFORM pg_stat_clear_snapshot();
                    EXIT WHEN (\(condition));
                    PERFORM pg_sleep(0.005);
                END LOOP;
            END
            $wait$
            """
        do throws(LocalClusterError) {
            _ = try sql(script, database: "app", user: "postgres", limit: limit)
        } catch {
            switch error {
            case .timedOut: throw .timedOut(waitingFor: subject)
            case .sqlFailed(_, let message) where message.contains("statement timeout"):
                throw .timedOut(waitingFor: subject)
            default: throw error
            }
        }
    }
}
