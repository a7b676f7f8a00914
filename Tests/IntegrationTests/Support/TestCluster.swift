import Foundation

@testable import LocalCluster

/// The primary and two replicas that all suites share, and the proxy that most of them ask.
enum TestCluster {
    /// Log-ins of `scram` and `hashed` need their passwords; everybody else is trusted. All statements of `logged` are
    /// in the nodes' logs.
    static let shared: Result<LocalCluster, any Error> = Result {
        var options = LocalClusterOptions()
        options.sharedPreloadLibraries = ["pg_stat_statements"]
        options.extensions = ["pg_stat_statements", "file_fdw"]
        options.configuration = ["max_standby_streaming_delay = 30s", "max_prepared_transactions = 10"]
        options.hostBasedAuthentication = [
            "host all scram 127.0.0.1/32 scram-sha-256", "host all hashed 127.0.0.1/32 md5",
        ]
        let cluster = try LocalCluster.start(options)
        _ = try cluster.primary.sql(setUp)
        try cluster.waitForReplication()
        return cluster
    }

    /// The proxy with the settings that most tests want.
    static let proxy: Result<HowdahProcess, any Error> = Result {
        // Where a session has written, its reads still run on a replica: which node runs what is for the tests to say.
        let proxy = try HowdahProcess(shared.get(), ["freshness_wait": "10s"])
        do {
            let client = try WireClient(port: proxy.port)
            try EndToEnd.eventually("the proxy to know the catalog's functions") {
                try client.query("EXPLAIN ROUTE SELECT doubled(1)").rows.first?.first == "replica"
            }
        } catch {
            throw HowdahProcess.Failure("\(error); running: \(proxy.stop()); the proxy's log: \(proxy.log)")
        }
        return proxy
    }

    private static let setUp = """
        GRANT ALL ON SCHEMA public TO PUBLIC;
        CREATE ROLE logged LOGIN SUPERUSER;
        ALTER ROLE logged SET log_statement = 'all';
        CREATE ROLE bench LOGIN SUPERUSER;
        CREATE ROLE other LOGIN;
        CREATE ROLE listener LOGIN;
        CREATE ROLE scram LOGIN PASSWORD 'right';
        SET password_encryption = 'md5';
        CREATE ROLE hashed LOGIN PASSWORD 'right';
        RESET password_encryption;
        CREATE TABLE item (id int PRIMARY KEY, note text);
        INSERT INTO item SELECT i, 'note ' || i FROM generate_series(1, 1000) i;
        CREATE TABLE scratch (id serial PRIMARY KEY, note text);
        CREATE UNLOGGED TABLE fleeting (id int);
        CREATE VIEW item_view AS SELECT id FROM item;
        CREATE SEQUENCE counter;
        CREATE TABLE written (at int);
        CREATE FUNCTION doubled(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
        CREATE FUNCTION restless() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
        CREATE PROCEDURE write_one() LANGUAGE sql AS 'INSERT INTO written VALUES (1)';
        CREATE SCHEMA shadow;
        CREATE FUNCTION shadow.doubled(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 0';
        CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE host_name (line text) SERVER files OPTIONS (filename '/etc/hostname');
        CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM item;
        GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
        GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;
        """
}
