import LocalCluster
import ProxyCore
import Testing

@testable import Cluster

/// Catalog facts of real databases.
@Suite(.serialized) struct CatalogLoaderTests {
    /// Runs a body with a loader for database `app` of a single node.
    private func withLoader(
        _ options: CatalogOptions = CatalogOptions(interval: .seconds(3600)),
        script: String,
        _ body: (LocalCluster, CatalogLoader, Recorder) throws -> Void
    ) throws {
        let cluster = try LocalCluster.start(.single)
        defer { cluster.stop() }
        _ = try cluster.primary.sql(script)
        let recorder = Recorder()
        let loader = CatalogLoader(
            nodes: MonitoredNode.all(of: cluster),
            options: options,
            publish: recorder.load,
            log: recorder.log
        )
        loader.start()
        defer { loader.stop() }
        loader.watch(database: "app")
        loader.update(Self.view(of: cluster, .up(.primary)))
        try body(cluster, loader, recorder)
    }

    private static func view(of cluster: LocalCluster, _ state: NodeState) -> ClusterView {
        let address = NodeAddress.tcp(host: "127.0.0.1", port: cluster.primary.port)
        let node = Node(index: 0, name: "primary", address: address, weight: 100, state: state)
        return ClusterView(topology: Topology(nodes: [node]), addresses: [0: ["127.0.0.1"]], isComplete: true)
    }

    private func functions(_ rows: CatalogRows, _ schema: String, _ name: String) -> [FunctionRow] {
        rows.functions.filter { $0.schema == schema && $0.name == name }
    }

    private func reaches(_ rows: CatalogRows, _ schema: String, _ name: String) -> [RelationReach]? {
        let found = rows.relations.filter { $0.schema == schema && $0.name == name }
        #expect(found.count <= 1)
        return found.first?.reaches
    }

    @Test func functionsAreLoadedAsRoutingNeedsThem() throws {
        let script = """
            CREATE SCHEMA app;
            CREATE FUNCTION write(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
            CREATE FUNCTION write(a text, b int DEFAULT 1, c int DEFAULT 2) RETURNS int STABLE LANGUAGE sql
                AS 'SELECT 1';
            CREATE FUNCTION app.write(VARIADIC int[]) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
            CREATE FUNCTION step(int, int) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1';
            CREATE AGGREGATE worst(int) (SFUNC = step, STYPE = int);
            CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
            CREATE TABLE person (id int);
            CREATE FUNCTION touch(person) RETURNS int LANGUAGE sql AS 'SELECT 1';
            CREATE PROCEDURE run() LANGUAGE sql AS 'SELECT 1';
            CREATE OPERATOR <<<! (LEFTARG = int, RIGHTARG = int, FUNCTION = step);
            CREATE TYPE wrapped AS (v int);
            CREATE FUNCTION wrap(int) RETURNS wrapped LANGUAGE sql AS 'SELECT ROW($1)::wrapped';
            CREATE CAST (int AS wrapped) WITH FUNCTION wrap(int);
            CREATE FUNCTION unwrap(wrapped) RETURNS text LANGUAGE sql AS $$SELECT ''$$;
            CREATE CAST (wrapped AS text) WITH FUNCTION unwrap(wrapped);
            CREATE FUNCTION checked(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
            CREATE DOMAIN app.tame AS int CHECK (VALUE > 0);
            CREATE DOMAIN app.wild AS int CHECK (public.checked(VALUE));
            """
        try withLoader(script: script) { _, _, recorder in
            let rows = try recorder.waitForRows("app", "the catalog is loaded") { _ in true }
            let write = functions(rows, "public", "write")
            #expect(write.map(\.arguments) == [1, 3])
            #expect(write.map(\.defaults) == [0, 2])
            #expect(write.map(\.volatility) == [.volatile, .stable])
            let variadic = functions(rows, "app", "write")
            #expect(variadic.map(\.isVariadic) == [true])
            #expect(variadic.map(\.volatility) == [.immutable])
            #expect(functions(rows, "public", "worst").map(\.kind) == [.aggregate])
            #expect(functions(rows, "public", "worst").map(\.volatility) == [.volatile])
            #expect(functions(rows, "public", "total").map(\.volatility) == [.immutable])
            #expect(functions(rows, "public", "touch").map(\.acceptsRow) == [true])
            #expect(write.map(\.acceptsRow) == [false, false])
            #expect(functions(rows, "public", "run").isEmpty)
            #expect(functions(rows, "pg_catalog", "nextval").map(\.volatility) == [.volatile])
            #expect(functions(rows, "pg_catalog", "now").map(\.volatility) == [.stable])
            #expect(functions(rows, "pg_catalog", "row_number").map(\.kind) == [.window])
            #expect(functions(rows, "pg_catalog", "sum").allSatisfy { $0.volatility == .immutable })
            #expect(rows.volatileOperators == [OperatorRow(schema: "public", name: "<<<!")])
            #expect(
                rows.volatileTypes == [
                    TypeRow(schema: "app", name: "wild"), TypeRow(schema: "public", name: "wrapped"),
                ]
            )
        }
    }

    @Test func relationsTellWhatAReadOfThemComesUpon() throws {
        let script = """
            CREATE EXTENSION file_fdw;
            CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
            CREATE SCHEMA app;
            CREATE TABLE plain (a int, id serial);
            CREATE UNLOGGED TABLE app.scratch (a int);
            CREATE VIEW over_scratch AS SELECT a FROM app.scratch;
            CREATE VIEW over_over AS SELECT p.a FROM plain p WHERE EXISTS (SELECT FROM over_scratch s WHERE s.a = p.a);
            CREATE VIEW over_plain AS SELECT lower('x'), a FROM plain;
            CREATE MATERIALIZED VIEW kept AS SELECT a FROM app.scratch;
            CREATE SEQUENCE counter;
            CREATE VIEW counting AS SELECT nextval('counter') AS n;
            CREATE VIEW locking AS SELECT pg_try_advisory_xact_lock(1) AS locked;
            CREATE VIEW activity AS SELECT pid FROM pg_stat_activity;
            CREATE FOREIGN TABLE file (line text) SERVER files OPTIONS (filename '/dev/null');
            CREATE TABLE parted (a int) PARTITION BY LIST (a);
            CREATE TABLE part_1 PARTITION OF parted FOR VALUES IN (1);
            CREATE UNLOGGED TABLE part_2 PARTITION OF parted FOR VALUES IN (2);
            CREATE VIEW over_parted AS SELECT * FROM parted;
            CREATE FUNCTION allowed(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
            CREATE TABLE guarded (a int);
            CREATE POLICY rule_1 ON guarded FOR SELECT USING (allowed(a));
            ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
            CREATE TABLE checked (a int);
            CREATE POLICY rule_1 ON checked FOR INSERT WITH CHECK (allowed(a));
            ALTER TABLE checked ENABLE ROW LEVEL SECURITY;
            CREATE TABLE looking (a int);
            CREATE POLICY rule_1 ON looking USING (EXISTS (SELECT FROM app.scratch));
            ALTER TABLE looking ENABLE ROW LEVEL SECURITY;
            """
        try withLoader(script: script) { _, _, recorder in
            let rows = try recorder.waitForRows("app", "the catalog is loaded") { _ in true }
            let allowed = RelationReach.volatileFunction(schema: "public", name: "allowed")
            let expected: [String: [RelationReach]] = [
                "app.scratch": [.unlogged], "public.over_scratch": [.unlogged], "public.over_over": [.unlogged],
                "public.counter": [.sequence], "public.plain_id_seq": [.sequence], "public.file": [.foreign],
                "public.counting": [.sequence, .volatileFunction(schema: "pg_catalog", name: "nextval")],
                "public.locking": [.volatileFunction(schema: "pg_catalog", name: "pg_try_advisory_xact_lock")],
                "public.activity": [.systemView(schema: "pg_catalog", name: "pg_stat_activity")],
                "public.part_2": [.unlogged], "public.parted": [.unlogged], "public.over_parted": [.unlogged],
                "public.guarded": [allowed], "public.looking": [.unlogged],
            ]
            let found = Dictionary(uniqueKeysWithValues: rows.relations.map { ("\($0.schema).\($0.name)", $0.reaches) })
            #expect(found == expected)
        }
    }

    @Test func writesThatMayMoveASequenceAreKnown() throws {
        let script = """
            CREATE TABLE plain (a int DEFAULT 1, b timestamptz DEFAULT clock_timestamp());
            CREATE TABLE serial (id serial, a int);
            CREATE TABLE identity (id int GENERATED BY DEFAULT AS IDENTITY);
            CREATE FUNCTION number() RETURNS int LANGUAGE sql AS 'SELECT 1';
            CREATE TABLE computed (a int DEFAULT number());
            CREATE DOMAIN numbered AS int DEFAULT number();
            CREATE TABLE by_domain (a numbered);
            CREATE VIEW seen AS SELECT a FROM plain;
            CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TABLE parent (a int PRIMARY KEY);
            CREATE TABLE child (a int REFERENCES parent ON DELETE CASCADE);
            CREATE TRIGGER t AFTER DELETE ON child FOR EACH ROW EXECUTE FUNCTION watch();
            CREATE TABLE parted (a int) PARTITION BY LIST (a);
            CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
            CREATE TRIGGER t AFTER INSERT ON part FOR EACH ROW EXECUTE FUNCTION watch();
            CREATE TABLE ruled (a int);
            CREATE RULE r AS ON INSERT TO ruled DO ALSO SELECT 1;
            """
        try withLoader(script: script) { _, _, recorder in
            let rows = try recorder.waitForRows("app", "the catalog is loaded") { _ in true }
            let found = Dictionary(uniqueKeysWithValues: rows.sequenceWriters.map { ($0.name, $0.isByAnyWrite) })
            let expected = [
                "serial": false, "identity": false, "computed": false, "by_domain": false, "seen": true,
                "parent": true, "child": true, "parted": true, "part": true, "ruled": true,
            ]
            #expect(found == expected)
        }
    }

    @Test func searchPathsAreThoseThatSessionsBeginWith() throws {
        let script = """
            CREATE ROLE anna;
            CREATE ROLE bert;
            ALTER DATABASE app SET search_path = app, "Odd, one";
            ALTER DATABASE postgres SET search_path = elsewhere;
            ALTER ROLE anna SET search_path = anna;
            ALTER ROLE anna IN DATABASE app SET search_path = anna_app;
            ALTER ROLE bert SET search_path = bert;
            ALTER ROLE postgres SET search_path = mine;
            """
        try withLoader(script: script) { cluster, loader, recorder in
            let paths = try recorder.waitForRows("app", "the catalog is loaded") { _ in true }.searchPaths
            #expect(paths.value(forRole: "app") == #"app, "Odd, one""#)
            #expect(paths.value(forRole: "anna") == "anna_app")
            #expect(paths.value(forRole: "bert") == "bert")
            _ = try cluster.primary.sql("ALTER DATABASE app RESET search_path")
            loader.refresh(database: "app")
            // The monitoring user's own setting is not taken for the database's.
            try recorder.waitForRows("app", "the server's own path") {
                $0.searchPaths.value(forRole: "app") == #""$user", public"#
            }
            _ = try cluster.primary.sql("ALTER ROLE ALL SET search_path = everybody")
            loader.refresh(database: "app")
            try recorder.waitForRows("app", "that of all roles") { $0.searchPaths.value(forRole: "app") == "everybody" }
        }
    }

    /// Each statement changes something that the rows tell; none may be missed by the fingerprint.
    static let changes: [(statement: String, shows: @Sendable (CatalogRows) -> Bool)] = [
        ("CREATE UNLOGGED TABLE u (a int)", { $0.relations.map(\.name) == ["u"] }),
        ("ALTER TABLE u SET LOGGED", { $0.relations.isEmpty }),
        ("CREATE SEQUENCE s", { $0.relations.map(\.name) == ["s"] }),
        ("CREATE VIEW v AS SELECT 1::bigint AS n", { $0.relations.map(\.name) == ["s"] }),
        ("CREATE OR REPLACE VIEW v AS SELECT nextval('s') AS n", { $0.relations.map(\.name) == ["s", "v"] }),
        ("ALTER VIEW v RENAME TO w", { $0.relations.map(\.name) == ["s", "w"] }),
        ("DROP VIEW w; DROP SEQUENCE s", { $0.relations.isEmpty }),
        ("CREATE TABLE p (a int); CREATE UNLOGGED TABLE c (a int)", { $0.relations.map(\.name) == ["c"] }),
        ("ALTER TABLE c INHERIT p", { $0.relations.map(\.name) == ["c", "p"] }),
        ("ALTER TABLE c NO INHERIT p", { $0.relations.map(\.name) == ["c"] }),
        ("ALTER SCHEMA public RENAME TO away", { $0.relations.map(\.schema) == ["away"] }),
        ("ALTER SCHEMA away RENAME TO public; DROP TABLE c, p", { $0.relations.isEmpty }),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", { $0.volatility(of: "f") == .volatile }),
        ("ALTER FUNCTION f() STABLE", { $0.volatility(of: "f") == .stable }),
        ("DROP FUNCTION f()", { $0.volatility(of: "f") == nil }),
        ("ALTER FUNCTION pg_catalog.lower(text) VOLATILE", { $0.volatility(of: "lower") == .volatile }),
        ("ALTER ROLE app SET search_path = x", { $0.searchPaths.ofRole == ["app": "x"] }),
        ("ALTER ROLE app RESET search_path", { $0.searchPaths.ofRole == [:] }),
    ]

    @Test func everyChangeIsSeenAndNothingElseIsPublished() throws {
        try withLoader(script: "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 100)") {
            cluster,
            loader,
            recorder in
            try recorder.waitForRows("app", "the catalog is loaded") { $0.relations.isEmpty }
            for change in Self.changes {
                _ = try cluster.primary.sql(change.statement)
                loader.refresh(database: "app")
                try recorder.waitForRows("app", change.statement, change.shows)
            }
            let count = recorder.loadCount
            _ = try cluster.primary.sql("TRUNCATE t; VACUUM FULL pg_class; CREATE TABLE other (a int)")
            loader.refresh(database: "app")
            _ = try cluster.primary.sql("CREATE SEQUENCE last")
            loader.refresh(database: "app")
            try recorder.waitForRows("app", "the sequence") { $0.relations.map(\.name) == ["last"] }
            #expect(recorder.loadCount == count + 1)
        }
    }

    @Test func aTimerLooksForChangesThatNobodyTold() throws {
        try withLoader(CatalogOptions(interval: .milliseconds(50)), script: "SELECT 1") { cluster, _, recorder in
            try recorder.waitForRows("app", "the catalog is loaded") { $0.relations.isEmpty }
            _ = try cluster.primary.sql("CREATE SEQUENCE s")
            try recorder.waitForRows("app", "the sequence") { $0.relations.map(\.name) == ["s"] }
        }
    }

    @Test func aDatabaseThatIsNotThereIsToldOnceAndLoadedWhenItIs() throws {
        try withLoader(CatalogOptions(interval: .milliseconds(20)), script: "SELECT 1") { cluster, loader, recorder in
            loader.watch(database: "later")
            func isFailure(_ event: ClusterEvent) -> Bool {
                if case .catalogFailed("later", let reason) = event { reason.contains("later") } else { false }
            }
            try recorder.waitForEvent("the failure is told", isFailure)
            _ = try cluster.primary.sql("CREATE DATABASE later")
            try recorder.waitForRows("later", "it is loaded") { _ in true }
            #expect(recorder.allEvents.filter(isFailure).count == 1)
            // No connection stays that would keep a database from being dropped.
            loader.unwatch(database: "later")
            try cluster.primary.wait(
                for: "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'later')",
                subject: "the loader's connection to end"
            )
            _ = try cluster.primary.sql("DROP DATABASE later")
        }
    }

    /// A connection that keeps whoever logs in to the database waiting.
    private static func block(_ database: String, of cluster: LocalCluster) throws -> BlockingSession {
        let node = try #require(MonitoredNode.all(of: cluster).first)
        let parameters = ConnectionParameters(
            node: node,
            addresses: ["127.0.0.1"],
            database: database,
            purpose: "test"
        )
        let session = try BlockingSession.connect(parameters, .catalog, deadline: .max)
        try session.query("BEGIN") { _ in }
        try session.query("LOCK TABLE pg_catalog.pg_namespace, pg_catalog.pg_class") { _ in }
        return session
    }

    @Test func aDatabaseThatDoesNotAnswerKeepsNoOtherWaiting() throws {
        try withLoader(CatalogOptions(interval: .seconds(3600), timeout: .seconds(3600)), script: "SELECT 1") {
            cluster,
            loader,
            recorder in
            for database in ["slow", "quick"] { _ = try cluster.primary.sql("CREATE DATABASE \(database)") }
            let blocker = try Self.block("slow", of: cluster)
            loader.watch(database: "slow")
            try cluster.primary.wait(
                for: "EXISTS (SELECT FROM pg_locks WHERE NOT granted)",
                subject: "the look to be kept waiting"
            )
            loader.watch(database: "quick")
            try recorder.waitForRows("quick", "the other is loaded") { _ in true }
            try blocker.query("ROLLBACK") { _ in }
            try recorder.waitForRows("slow", "it is loaded once it answers") { _ in true }
        }
    }

    @Test func aVacatedDatabaseIsLeftAloneUntilItIsReleased() throws {
        let cluster = try LocalCluster.start(.single)
        defer { cluster.stop() }
        let recorder = Recorder()
        let loader = CatalogLoader(
            nodes: MonitoredNode.all(of: cluster),
            options: CatalogOptions(interval: .milliseconds(1)),
            publish: recorder.load,
            vacated: { recorder.log(.left(node: $0)) },
            log: recorder.log
        )
        loader.start()
        defer { loader.stop() }
        loader.update(Self.view(of: cluster, .up(.primary)))
        _ = try cluster.primary.sql("CREATE DATABASE mine")
        loader.watch(database: "mine")
        try recorder.waitForRows("mine", "it is loaded") { _ in true }
        loader.vacate(database: "mine")
        try recorder.waitForEvent("it is vacated") { $0 == .left(node: "mine") }
        try cluster.primary.wait(
            for: "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'mine')",
            subject: "the loader's connection to end"
        )
        _ = try cluster.primary.sql("ALTER DATABASE mine RENAME TO yours")
        _ = try cluster.primary.sql("ALTER DATABASE yours RENAME TO mine")
        loader.release(database: "mine")
        let mark = recorder.loadCount
        // Looked at again: a change is seen.
        _ = try cluster.primary.sql("ALTER DATABASE mine SET search_path = elsewhere")
        try recorder.waitForRows("mine", "it is looked at again") { $0.searchPaths.value(forRole: "x") == "elsewhere" }
        #expect(recorder.loadCount == mark + 1)
    }

    @Test func nothingIsLoadedWhileNoNodeIsUp() throws {
        let cluster = try LocalCluster.start(.single)
        defer { cluster.stop() }
        let recorder = Recorder()
        let loader = CatalogLoader(
            nodes: MonitoredNode.all(of: cluster),
            publish: recorder.load,
            log: recorder.log
        )
        loader.start()
        defer { loader.stop() }
        loader.watch(database: "app")
        loader.update(Self.view(of: cluster, .unknown(reason: "away")))
        loader.update(Self.view(of: cluster, .up(.replica)))
        try recorder.waitForRows("app", "it is loaded from a replica where there is no primary") { _ in true }
        #expect(recorder.loadCount == 1)
        #expect(recorder.allEvents.count == 1)
    }

    @Test func stoppingBreaksALookOff() throws {
        let listener = LoopbackListener()
        let node = MonitoredNode(test: 0, port: listener.port)
        let recorder = Recorder()
        let loader = CatalogLoader(
            nodes: [node],
            options: CatalogOptions(timeout: .seconds(3600)),
            publish: recorder.load,
            log: recorder.log
        )
        loader.start()
        loader.watch(database: "app")
        let up = Node(index: 0, name: "n", address: node.address, weight: 1, state: .up(.primary))
        loader.update(
            ClusterView(topology: Topology(nodes: [up]), addresses: [0: ["127.0.0.1"]], isComplete: true)
        )
        listener.waitForConnection()
        loader.stop()
        #expect(recorder.allEvents.isEmpty)
    }
}
