import Testing

@testable import StatementRouting

/// Everything in a class but access and reason, which the table tests.
@Suite struct StatementClassTests {
    @Test func isSmall() {
        #expect(MemoryLayout<StatementClass>.size <= 32)
    }

    private static let transactionRows: [(String, TransactionEffect, Access)] = [
        ("BEGIN", TransactionEffect.begin, Access.write),
        ("START TRANSACTION", .begin, .write),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ", .begin, .write),
        ("BEGIN READ ONLY", .beginReadOnly, .read),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", .beginReadOnly, .read),
        ("START TRANSACTION READ WRITE", .beginReadWrite, .write),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", .beginSerializable, .write),
        ("BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE", .beginSerializable, .write),
        ("COMMIT", .commit, .read),
        ("END", .commit, .read),
        ("COMMIT AND CHAIN", .commitChain, .read),
        ("ROLLBACK", .rollback, .read),
        ("ABORT", .rollback, .read),
        ("ROLLBACK AND CHAIN", .rollbackChain, .read),
        ("SAVEPOINT a", .savepoint, .read),
        ("RELEASE a", .releaseSavepoint, .read),
        ("ROLLBACK TO a", .rollbackToSavepoint, .read),
        ("PREPARE TRANSACTION 'x'", .prepareTransaction, .write),
        ("COMMIT PREPARED 'x'", .commitPrepared, .write),
        ("ROLLBACK PREPARED 'x'", .rollbackPrepared, .write),
        ("SET TRANSACTION READ ONLY", .setTransactionReadOnly, .read),
        ("SET TRANSACTION READ WRITE", .setTransactionReadWrite, .write),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", .setTransactionSerializable, .write),
        ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", .setTransaction, .read),
        ("SET TRANSACTION SNAPSHOT 'x'", .setTransactionSnapshot, .write),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", .setSessionCharacteristics, .read),
        ("SET transaction_read_only = on", .setTransaction, .read),
        ("SET transaction_read_only = off", .setTransaction, .write),
        ("SET LOCAL transaction_read_only TO 'false'", .setTransaction, .write),
        ("SET transaction_isolation = 'Serializable'", .setTransaction, .write),
        ("SET transaction_isolation = 'repeatable read'", .setTransaction, .write),
        ("SET transaction_isolation TO DEFAULT", .setTransaction, .read),
        ("SET transaction_deferrable = on", .setTransaction, .read),
        ("SET transaction_isolation = 'serializable'; SHOW transaction_isolation", .mixed, .write),
        ("BEGIN; SELECT 1; COMMIT", .mixed, .write),
        ("BEGIN READ ONLY; SELECT 1; COMMIT", .mixed, .read),
        ("SELECT 1; SELECT 2", .none, .read),
    ]

    @Test(arguments: transactionRows)
    func transactionEffects(text: String, effect: TransactionEffect, access: Access) {
        let found = RoutingFixture.classify(text)
        #expect(found.transaction == effect)
        #expect(found.access == access)
    }

    private static let effectRows: [(String, SessionEffects)] = [
        ("SELECT 1", SessionEffects([])),
        ("SET a.b = 1", .set),
        ("SET LOCAL a = 1", .setLocal), ("SET LOCAL a.b = 1", [.setLocal, .set]),
        ("SET ROLE r", [.set, .setRole]),
        ("SET SESSION AUTHORIZATION r", [.set, .setRole]),
        ("RESET ALL", .reset),
        ("RESET ROLE", [.reset, .setRole]),
        ("SET TRANSACTION READ ONLY", []),
        ("SELECT set_config('a', 'b', false)", .setConfig),
        ("SELECT * FROM (SELECT set_config('a', 'b', true)) x", .setConfig),
        ("DISCARD ALL", .discard),
        ("PREPARE p AS SELECT 1", .prepare),
        ("EXECUTE p", .execute),
        ("CREATE TABLE t AS EXECUTE p", [.execute, .ddl, .changesCatalogFacts]),
        ("DEALLOCATE p", .deallocate),
        ("LISTEN a", .listen),
        ("UNLISTEN *", .unlisten),
        ("NOTIFY a", .notify),
        ("SELECT pg_notify('a', 'b')", .notify),
        ("CREATE TEMP TABLE t (a int)", [.ddl, .changesCatalogFacts, .temporaryObject]),
        ("SELECT 1 INTO TEMP t", .temporaryObject),
        ("CREATE TABLE pg_temp.t (a int)", [.ddl, .changesCatalogFacts, .temporaryObject]),
        ("SELECT pg_advisory_lock(1)", .advisoryLockSession),
        ("SELECT pg_advisory_unlock_all()", .advisoryUnlock),
        ("SELECT pg_advisory_xact_lock(1)", []),
        ("DECLARE c CURSOR FOR SELECT 1", .declareCursor),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", [.declareCursor, .holdCursor]),
        ("FETCH c", .fetch),
        ("CLOSE c", .closeCursor),
        ("SELECT nextval('s')", [.sequenceUse, .movesSequence]),
        ("SELECT setval('s', 1)", [.sequenceUse, .movesSequence]),
        ("INSERT INTO t VALUES (1)", []),
        ("INSERT INTO numbered SELECT 1", .movesSequence),
        ("WITH x AS (INSERT INTO public.numbered VALUES (1)) SELECT 1", .movesSequence),
        ("INSERT INTO t SELECT a FROM numbered", []),
        ("UPDATE numbered SET a = 1", []),
        ("DELETE FROM guarded", .movesSequence),
        ("INSERT INTO other.t VALUES (1)", .movesSequence),
        ("COPY numbered FROM STDIN", [.copyIn, .movesSequence]),
        ("COPY numbered TO STDOUT", .copyOut),
        ("SELECT lastval()", [.sequenceUse, .sequenceRead]),
        ("CREATE TABLE t (a int DEFAULT nextval('s'))", [.ddl, .changesCatalogFacts]),
        ("INSERT INTO t VALUES (nextval('s'))", [.sequenceUse, .movesSequence]),
        ("SELECT setseed(0.1)", .setSeed),
        ("SELECT lo_open(1, 2), loread(1, 2)", .largeObject),
        ("LOAD 'x'", .load),
        ("DO 'x'", .codeBlock),
        ("CALL p()", [.codeBlock, .callsUserFunction]),
        ("SELECT pure(1)", []),
        ("SELECT lookup(1)", []),
        ("SELECT touch()", .callsUserFunction),
        ("SELECT 1 <+> 2", .callsUserFunction),
        ("SELECT 1::tainted", .callsUserFunction),
        ("SELECT * FROM live", .callsUserFunction),
        ("SELECT t.fullname FROM t", .callsUserFunction),
        ("CREATE VIEW v AS SELECT touch()", [.ddl, .changesCatalogFacts]),
        (
            "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'x'",
            [.ddl, .changesCatalogFacts, .temporaryObject]
        ),
        ("CREATE TYPE pg_temp.t AS ENUM ('a')", [.ddl, .changesCatalogFacts, .temporaryObject]),
        ("SELECT pg_temp.f()", [.callsUserFunction, .temporaryObject]),
        ("SET LOCAL search_path = 'x'", [.setLocal, .set]),
        ("SELECT nobody_knows()", .callsUserFunction),
        ("SELECT lower('a')", []),
        ("CREATE INDEX i ON t (a)", .ddl),
        (
            "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'x'",
            [.ddl, .changesCatalogFacts, .temporaryObject]
        ),
        ("CREATE TYPE pg_temp_3.t AS (a int)", [.ddl, .changesCatalogFacts, .temporaryObject]),
        ("CREATE FUNCTION f() RETURNS int SET a.b = 1 LANGUAGE sql AS 'x'", [.ddl, .changesCatalogFacts]),
        ("COPY t FROM STDIN", .copyIn),
        ("COPY t FROM '/x'", []),
        ("COPY t TO STDOUT", .copyOut),
        ("SET CONSTRAINTS ALL DEFERRED", .setConstraints),
        ("SET a.b = 1; SELECT nextval('s'); LISTEN x", [.set, .sequenceUse, .movesSequence, .listen]),
    ]

    @Test(arguments: effectRows)
    func sessionEffects(text: String, effects: SessionEffects) {
        #expect(RoutingFixture.classify(text).effects == effects)
    }

    private static let hintRows: [(String, RouteHint)] = [
        ("SELECT 1", RouteHint.none),
        ("/* howdah: primary */ SELECT 1", .primary),
        ("SELECT /*howdah:replica*/ 1", .replica),
        ("SELECT 1 -- howdah: primary", .primary),
        ("SELECT 1 -- howdah: replica\r\n", .replica),
        ("SELECT 1 /* HOWDAH : Primary */", .primary),
        ("SELECT * FROM t WHERE a IN (1, /* howdah: primary */ 2)", .primary),
        ("SELECT '/* howdah: primary */'", .none),
        ("SELECT 1 /* howdah: nowhere */", .none),
        ("SELECT 1 /* howdah: primary please */", .none),
        ("SELECT 1 /* x howdah: primary */", .none),
        ("/* howdah: replica */ SELECT 1 /* howdah: primary */", .primary),
        ("/* howdah: primary */ SELEC", .primary),
        ("/* howdah: primary */ SELECT 'unterminated", .primary),
        ("/* howdah: replica */ DELETE FROM t", .replica),
    ]

    @Test(arguments: hintRows)
    func hints(text: String, hint: RouteHint) {
        let classifier = RoutingFixture.classifier()
        let bytes = Array(text.utf8)
        // The hint must not be mistaken for part of the fingerprint, in either order.
        for other in ["SELECT 1", "/* howdah: replica */ SELECT 1", "/* howdah: primary */ SELECT 1"] {
            _ = classifier.classify(Array(other.utf8).span.bytes, in: RoutingFixture.context)
        }
        for _ in 0..<3 {
            let found = classifier.classify(bytes.span.bytes, in: RoutingFixture.context)
            #expect(found.hint == hint)
        }
    }

    private static let commandRows: [(String, HowdahCommand)] = [
        ("SHOW howdah.route", HowdahCommand.showRoute),
        ("SHOW \"howdah.route\"", .showRoute),
        ("set HOWDAH.ROUTE to replica", .setRoute),
        ("SET howdah.route = DEFAULT", .setRoute),
        ("RESET howdah.route", .resetRoute),
        ("EXPLAIN ROUTE SELECT 1", .explainRoute),
        ("SHOW howdah.position", .showPosition),
        ("SET howdah.position = '0/1'", .setPosition),
        ("SHOW howdah.something", .other),
        ("SET howdah.something = 1", .other),
        ("EXPLAIN SELECT 1", .none),
        ("SHOW work_mem", .none),
        ("SHOW howdah.route; SELECT 1", .showsAmongOthers),
        ("SELECT 1; SHOW howdah.read_your_writes; SHOW howdah.transaction_reads", .showsAmongOthers),
        ("SHOW howdah.route; SHOW howdah.position", .showsPositionAmongOthers),
        ("SHOW howdah.position; SELECT 1; SHOW howdah.route", .showsPositionAmongOthers),
        ("SET howdah.route = 'primary'; SELECT 1", .notAlone),
        ("SELECT 1; RESET howdah.route", .notAlone),
        ("SHOW howdah.route; SET howdah.position = '0/1'", .notAlone),
        ("SELECT 1; SHOW howdah.something", .notAlone),
        ("EXPLAIN ROUTE SELECT 1;", .explainRoute),
        ("EXPLAIN ROUTE SELECT 1 AS \"a; b\"", .explainRoute),
        ("EXPLAIN ROUTE SELECT 1; SELECT 2", .notAlone),
        ("SELECT 2; EXPLAIN ROUTE SELECT 1", .notAlone),
        ("SELECT 2; explain /* */ route", .notAlone),
        ("SELECT 2; EXPLAIN SELECT route", .none),
        ("SELECT 2 explain route", .none),
    ]

    @Test(arguments: commandRows)
    func howdahCommands(text: String, command: HowdahCommand) {
        #expect(RoutingFixture.classify(text).howdahCommand == command)
        #expect(RoutingFixture.classify(text).effects == (command == .none ? .none : .asksHowdah))
    }

    @Test func statementsAreCounted() {
        #expect(RoutingFixture.classify("").statementCount == 0)
        #expect(RoutingFixture.classify(" ; /* x */ ;").statementCount == 0)
        #expect(RoutingFixture.classify("SELECT 1;").statementCount == 1)
        #expect(RoutingFixture.classify("SELECT 1; SELECT ';'; SELECT 3").statementCount == 3)
        #expect(RoutingFixture.classify(String(repeating: "SELECT 1;", count: 300)).statementCount == 255)
    }
}
