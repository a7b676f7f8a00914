import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Clients set, prepare, lock, create, fail and vanish at random; whoever gets their servers next finds nothing of it.
    @Suite struct StateLeaks {
        private static let statements = [
            "PREPARE p (int) AS SELECT $1 * 2", "PREPARE p AS SELECT pg_advisory_lock(5)", "EXECUTE p(3)", "EXECUTE p",
            "DEALLOCATE p",
            "PREPARE q AS SELECT 1; EXECUTE q", "CREATE TEMP TABLE leak (a int)", "DROP TABLE leak",
            "SELECT pg_advisory_lock(6)",
            "SELECT pg_advisory_unlock_all()", "SELECT pg_try_advisory_lock(7)",
            "DECLARE leak CURSOR WITH HOLD FOR SELECT 1", "CLOSE ALL",
            "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "SELECT 1/0", "SET work_mem = '1MB'",
            "SET search_path = pg_temp, public",
            "SET LOCAL work_mem = '2MB'", "RESET ALL", "DISCARD ALL", "DISCARD TEMP", "LISTEN leak", "UNLISTEN *",
            "SET ROLE other", "RESET ROLE",
            "SELECT 1", "UPDATE item SET note = note WHERE id = 9",
            "CREATE FUNCTION pg_temp.leak() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "DO 'BEGIN CREATE TEMP TABLE leak (a int); END'", "EXPLAIN EXECUTE p(1)",
            "CREATE TEMP TABLE leak AS EXECUTE p(1)",
        ]

        /// Each is empty in a session that nobody has used.
        private static let traces = [
            "SELECT name FROM pg_prepared_statements WHERE name !~ '^howdah_[0-9a-f]{10}$'",
            "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()",
            "SELECT proname FROM pg_proc WHERE pronamespace = pg_my_temp_schema()",
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
            "SELECT name FROM pg_cursors", "SELECT pg_listening_channels()",
            "SELECT name, setting FROM pg_settings WHERE name IN ('work_mem', 'search_path') AND source = 'session'",
            "SELECT current_user WHERE current_user <> 'app'",
        ]

        @Test func nothingIsLeft() throws {
            let chosen = ProcessInfo.processInfo.environment["HOWDAH_TEST_SEED"].flatMap { UInt64($0) }
            let seed = chosen ?? UInt64.random(in: 1...UInt64.max)
            print("leaks: HOWDAH_TEST_SEED=\(seed)")
            var state = seed
            func next(_ bound: Int) -> Int {
                // xorshift64*
                state ^= state >> 12
                state ^= state << 25
                state ^= state >> 27
                return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
            }
            let proxy = try HowdahProcess(cluster(), ["pool_size": "4"])
            defer { #expect(proxy.stop(), "the proxy has crashed: \(proxy.log)") }
            let checker = try WireClient(port: proxy.port)
            for _ in 0..<60 {
                // One at a time: they would wait for each other's locks and servers.
                let client = try WireClient(port: proxy.port)
                for _ in 0..<next(12) {
                    let sql = Self.statements[next(Self.statements.count)]
                    let reply = try next(2) == 0 ? client.query(sql) : client.extended(sql)
                    #expect(!reply.messages.isEmpty)
                }
                // Some say good-bye, some vanish, some with a statement under way.
                switch next(3) {
                case 0: try client.send([UInt8(ascii: "X"), 0, 0, 0, 4])
                case 1: try client.send(Frontend.query(Self.statements[next(Self.statements.count)]))
                default: break
                }
                client.close()
                for trace in Self.traces {
                    for hint in ["primary", "replica"] {
                        let found = try checker.query("/* howdah: \(hint) */ \(trace)")
                        #expect(found.rows.isEmpty, "\(trace) on a \(hint): \(found.rows)")
                    }
                }
            }
        }
    }
}
