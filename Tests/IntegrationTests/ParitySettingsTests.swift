import Foundation
import SeededRandom
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Sessions that differ in their settings, step by step in one order, with fewer servers than sessions: what each
    /// is told is what it is told by a server of its own.
    @Suite struct ParityOfSettings {
        /// What a session comes with.
        private static let starts: [[(String, String)]] = [
            [], [("datestyle", "ISO")], [("datestyle", "SQL, DMY"), ("parity.x", "begun")],
            [("options", "-c work_mem=1024 -c timezone=Asia/Tokyo")],
            [("application_name", "shop"), ("intervalstyle", "sql_standard")],
        ]

        private static let who = "SELECT current_user, session_user, current_setting('role')"
        private static let shows =
            "SELECT current_setting('datestyle'), current_setting('timezone'), current_setting('work_mem'), "
            + "current_setting('intervalstyle'), current_setting('search_path'), current_setting('parity.x'), "
            + "current_setting('default_text_search_config'), current_setting('seq_page_cost')"

        private static let queries = [
            shows, shows, shows, who, "SELECT '01/02/2020'::date", "SELECT timestamptz '2020-01-01 00:00'",
            "SELECT interval '1 day -2:00:00'", "SELECT id FROM item WHERE id = 4",
            "SET datestyle = 'ISO'", "SET datestyle = 'DMY'", "SET datestyle = 'SQL, MDY'", "SET datestyle TO DEFAULT",
            "SET TIME ZONE 'Asia/Tokyo'", "SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE", "SET TIME ZONE LOCAL",
            "SET TIME ZONE 3", "SET work_mem = '1024'", "SET work_mem = 2048", "SET LOCAL work_mem = '3MB'",
            "SET seq_page_cost = 1.23456789", "SET intervalstyle = 'iso_8601'", "SET NAMES 'LATIN1'",
            "SET NAMES 'UTF8'",
            "SET SCHEMA 'shadow'", "SET search_path = \"$user\", public", "SET default_text_search_config = 'english'",
            "SET XML OPTION DOCUMENT", "SHOW xmloption", "SET ROLE other", "RESET ROLE", "SET ROLE NONE",
            "SET SESSION AUTHORIZATION other", "RESET SESSION AUTHORIZATION", "SET LOCAL ROLE other",
            "SET parity.x = 'set'", "RESET parity.x", "SET LOCAL parity.x = 'local'",
            "SELECT set_config('parity.x', 'a' || 'b', false)", "SELECT set_config('work_mem', '4096', false), 1",
            "SELECT set_config('datestyle', 'Postgres', false), set_config('datestyle', 'DMY', false)",
            "SELECT set_config('datestyle', 'German', true)",
            "UPDATE pg_settings SET setting = '5120' WHERE name = 'work_mem'",
            "UPDATE pg_settings SET setting = 'UTC' WHERE name = 'TimeZone'",
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET default_transaction_isolation = 'repeatable read'", "RESET default_transaction_isolation",
            "SHOW transaction_isolation", "SET default_transaction_read_only = on",
            "RESET default_transaction_read_only",
            "BEGIN", "BEGIN READ ONLY", "COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "SAVEPOINT s", "ROLLBACK TO s",
            "SELECT 1/0", "SET work_mem = 'much'", "SET datestyle = 'German'; SET work_mem = 'much'",
            "SET work_mem = '6MB'; SET datestyle = 'ISO'", "BEGIN; SET work_mem = '7MB'; COMMIT; SELECT 1/0",
            "PREPARE p (text) AS SELECT set_config('work_mem', $1, false)", "EXECUTE p('8MB')", "DEALLOCATE ALL",
            "SET statement_timeout = '900ms'", "RESET statement_timeout", "SET idle_session_timeout = '1h'",
            "RESET idle_session_timeout", "DISCARD ALL", "RESET ALL",
            "DO $$ BEGIN SET work_mem = '11MB'; PERFORM set_config('parity.x', 'done', false); END $$",
            "DO $$ BEGIN SET LOCAL datestyle = 'German'; SET timezone = 'UTC'; END $$",
        ]

        private struct Session {
            let direct: WireClient
            let through: WireClient
            var history: [String] = []
        }

        private func step(_ random: inout SeededGenerator) -> (name: String, bytes: [UInt8]) {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                let value = ["1MB", "2048", "9MB"][Int.random(in: 0..<3, using: &random)]
                return (
                    "set_config('work_mem', '\(value)' bound)",
                    Frontend.extended("SELECT set_config('work_mem', $1, false)", [value])
                )
            case 1:
                let (name, value) = [("parity.x", "bound"), ("datestyle", "DMY"), ("work_mem", "10MB")][
                    Int.random(in: 0..<3, using: &random)
                ]
                return (
                    "set_config(\(name), \(value) bound)",
                    Frontend.extended("SELECT set_config($1, $2, false)", [name, value])
                )
            case 2, 3:
                let text = Self.queries[Int.random(in: 0..<Self.queries.count, using: &random)]
                // DISCARD ALL and texts of several statements are for simple queries.
                if text.contains(";") { return (text, Frontend.query(text)) }
                return ("extended: \(text)", Frontend.extended(text))
            default:
                let text = Self.queries[Int.random(in: 0..<Self.queries.count, using: &random)]
                return (text, Frontend.query(text))
            }
        }

        @Test(arguments: [1, 2, 3])
        func eachSeesItsOwn(pool: Int) throws {
            let cluster = try cluster()
            let proxy = try HowdahProcess(cluster, ["pool_size": "\(pool)"])
            defer { #expect(proxy.stop(), "the proxy has crashed: \(proxy.log)") }
            for seed in try TestSeeds.chosen(default: [3, 20_261_129]) {
                print("parity of settings with a pool of \(pool): HOWDAH_TEST_SEED=\(seed)")
                var random = SeededGenerator(seed: seed)
                for round in 0..<6 {
                    guard try play(round, &random, cluster, proxy, pool: pool, seed: seed) else { return }
                }
            }
        }

        /// - Returns: false where replies differed.
        private func play(
            _ round: Int,
            _ random: inout SeededGenerator,
            _ cluster: LocalCluster,
            _ proxy: HowdahProcess,
            pool: Int,
            seed: UInt64
        ) throws -> Bool {
            // As many sessions in transactions at once as there are servers would wait for one another.
            var open: Int?
            var sessions: [Session] = []
            for place in Self.starts.indices {
                let start = Self.starts[(place + round) % Self.starts.count]
                let session = Session(
                    direct: try WireClient(port: cluster.primary.port, settings: start),
                    through: try WireClient(port: proxy.port, settings: start)
                )
                sessions.append(session)
                // From its first use on a custom setting is there.
                guard
                    try compare(
                        &sessions[place],
                        ("SET parity.x", Frontend.query("SET parity.x = 'first'")),
                        pool,
                        seed
                    )
                else { return false }
            }
            for _ in 0..<120 {
                let place = open ?? Int.random(in: 0..<sessions.count, using: &random)
                guard let status = try compareStatus(&sessions[place], step(&random), pool, seed) else { return false }
                open = status == "I" ? nil : place
                if open != nil, Int.random(in: 0..<4, using: &random) == 0 {
                    guard try compare(&sessions[place], ("ROLLBACK", Frontend.query("ROLLBACK")), pool, seed) else {
                        return false
                    }
                    open = nil
                }
            }
            return true
        }

        private func compare(
            _ session: inout Session,
            _ step: (name: String, bytes: [UInt8]),
            _ pool: Int,
            _ seed: UInt64
        ) throws -> Bool { try compareStatus(&session, step, pool, seed) != nil }

        /// - Returns: the status in ReadyForQuery; nil where the replies differed.
        private func compareStatus(
            _ session: inout Session,
            _ step: (name: String, bytes: [UInt8]),
            _ pool: Int,
            _ seed: UInt64
        ) throws -> Character? {
            session.history.append(step.name)
            var replies: [[String]] = []
            for client in [session.direct, session.through] {
                do {
                    try client.send(step.bytes)
                    // Which parameters are reported along the way hangs on what the server had before.
                    replies.append(
                        ParityView(try client.receiveCycle()).lines.filter {
                            !$0.hasPrefix("S(") && !$0.hasPrefix("S\\")
                        }
                    )
                } catch {
                    replies.append(["\(error)"])
                }
            }
            guard replies[0] == replies[1] else {
                Issue.record(
                    """
                    pool \(pool), seed \(seed), after \(session.history.suffix(25).joined(separator: " | "))
                    direct:  \(replies[0].joined(separator: " ").prefix(900))
                    through: \(replies[1].joined(separator: " ").prefix(900))
                    """
                )
                return nil
            }
            return replies[0].last?.dropLast().last ?? "I"
        }
    }
}
