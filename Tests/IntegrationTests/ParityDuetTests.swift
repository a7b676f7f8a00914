import Foundation
import Testing

@testable import LocalCluster

/// Several clients by turns, whose replies must be those that they would get directly: sessions with different settings
/// that share texts, DDL between what others have prepared, and drivers' habits.
struct ParityDuet: Sendable {
    struct Turn: Sendable {
        var client: Int
        var messages: [[UInt8]]
        /// What ends the reply: ReadyForQuery, or what a Flush is to bring.
        var until: Character = "Z"
    }

    var name: String
    /// What each client sets first.
    var settings: [String]
    var turns: [Turn]

    private typealias F = Frontend

    private static func sql(_ client: Int, _ text: String) -> Turn { Turn(client: client, messages: [F.query(text)]) }

    /// As libpq and psycopg run one: Parse, Bind, Describe of the portal, Execute.
    private static func unnamed(_ client: Int, _ text: String, _ values: String?...) -> Turn {
        Turn(
            client: client,
            messages: [
                F.parse("", text), F.bind("", "", texts: values), F.describe(.portal, ""), F.execute(), F.sync,
            ]
        )
    }

    /// As asyncpg prepares: with Flush, and by a name of its own.
    private static func prepare(_ client: Int, _ name: String, _ text: String) -> Turn {
        Turn(client: client, messages: [F.parse(name, text), F.describe(.statement, name), F.flush], until: "T")
    }

    /// As asyncpg and pgjdbc run what they have described: nothing but Bind and Execute.
    private static func run(_ client: Int, _ name: String, _ values: String?...) -> Turn {
        Turn(client: client, messages: [F.bind("", name, texts: values), F.execute(), F.sync])
    }

    /// The same under each of the two settings, twice, so that the second session of each meets what the first has
    /// left.
    private static func sharing(_ setting: String, _ one: String, _ other: String, _ text: String) -> ParityDuet {
        let orders = [0, 0, 1, 1, 0, 1]
        return ParityDuet(
            name: "\(setting) \(one) and \(other)",
            settings: ["SET \(setting) = \(one)", "SET \(setting) = \(other)"],
            turns: orders.map { unnamed($0, text) }
                + orders.enumerated().flatMap { number, client -> [Turn] in
                    [
                        Turn(client: client, messages: [F.parse("s\(number)", text), F.sync]),
                        run(client, "s\(number)"),
                    ]
                }
        )
    }

    static let all: [ParityDuet] =
        [
            sharing("timezone", "'UTC'", "'Asia/Tokyo'", "SELECT timestamptz '2020-01-01 00:00' AT TIME ZONE 'UTC'"),
            sharing("datestyle", "'ISO, MDY'", "'ISO, DMY'", "SELECT extract(month FROM date '03/02/2020')"),
            sharing(
                "intervalstyle",
                "postgres",
                "sql_standard",
                "SELECT extract(hour FROM interval '-1 2:00:00')"
            ),
            sharing("transform_null_equals", "off", "on", "SELECT (NULL::int = NULL) IS NOT NULL"),
            sharing("standard_conforming_strings", "on", "off", "SELECT length('a\\\\b')"),
            sharing("xmloption", "content", "document", "SELECT 'x'::text, xml '<a/>' IS DOCUMENT"),
            sharing("search_path", "public", "shadow, public", "SELECT doubled(4)"),
            sharing("extra_float_digits", "0", "3", "SELECT (0.1::float8 * 3)::text"),
            sharing("bytea_output", "hex", "escape", "SELECT ('\\x01'::bytea)::text"),
            sharing("app.tenant", "'a'", "'b'", "SELECT current_setting('app.tenant')"),
        ] + definitions + habits

    private static let definitions: [ParityDuet] = [
        ParityDuet(
            name: "a table made anew with another type",
            settings: ["", ""],
            turns: ["int[]", "json", "int[]"].flatMap { type in
                [sql(0, "DROP TABLE IF EXISTS duet; CREATE TABLE duet (v \(type))")]
                    + [0, 1, 0, 1, 0].map {
                        unnamed($0, "INSERT INTO duet VALUES ($1)", type == "json" ? "{\"a\":1}" : "{1}")
                    }
            } + [sql(0, "DROP TABLE duet")]
        ),
        ParityDuet(
            name: "a column widened",
            settings: ["", ""],
            turns: [
                sql(0, "CREATE TABLE duet (a real)"), unnamed(1, "INSERT INTO duet VALUES ($1)", "1"),
                unnamed(1, "INSERT INTO duet VALUES ($1)", "1"),
                sql(0, "ALTER TABLE duet ALTER a TYPE double precision"),
                unnamed(1, "INSERT INTO duet VALUES ($1) RETURNING a", "3.141592653589793"),
                unnamed(0, "INSERT INTO duet VALUES ($1) RETURNING a", "3.141592653589793"),
                sql(1, "SELECT a FROM duet ORDER BY a"), sql(0, "DROP TABLE duet"),
            ]
        ),
        ParityDuet(
            name: "a type made anew",
            settings: ["", ""],
            turns: (0..<3).flatMap { _ in
                [sql(0, "DROP TYPE IF EXISTS duet; CREATE TYPE duet AS (a text, b text)")]
                    + [0, 1, 0, 1].map { unnamed($0, "SELECT ($1::duet).a", "(x,y)") }
            } + [sql(0, "DROP TYPE duet")]
        ),
        ParityDuet(
            name: "a column added in a transaction that is rolled back",
            settings: ["", ""],
            turns: [
                sql(0, "CREATE TABLE duet (a int); INSERT INTO duet VALUES (1)"),
                unnamed(1, "SELECT * FROM duet"), unnamed(0, "SELECT * FROM duet"), sql(0, "BEGIN"),
                sql(0, "ALTER TABLE duet ADD b int"), unnamed(0, "SELECT * FROM duet"), sql(0, "ROLLBACK"),
                unnamed(0, "SELECT * FROM duet"), unnamed(1, "SELECT * FROM duet"), sql(0, "DROP TABLE duet"),
                unnamed(1, "SELECT * FROM duet"),
            ]
        ),
        ParityDuet(
            name: "a function that returns something else",
            settings: ["", ""],
            turns: [
                sql(0, "CREATE FUNCTION duet() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'"),
                unnamed(1, "SELECT duet()"), unnamed(0, "SELECT duet()"),
                sql(1, "CREATE OR REPLACE FUNCTION duet() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2'"),
                unnamed(0, "SELECT duet()"), unnamed(1, "SELECT duet()"),
                sql(
                    0,
                    "DROP FUNCTION duet(); CREATE FUNCTION duet() RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT ''x'''"
                ),
                unnamed(1, "SELECT duet()"), unnamed(0, "SELECT duet()"), sql(0, "DROP FUNCTION duet()"),
                unnamed(1, "SELECT duet()"),
            ]
        ),
        ParityDuet(
            name: "another's temporary table",
            settings: ["", ""],
            turns: [
                sql(0, "CREATE TABLE duet (a int); INSERT INTO duet VALUES (1)"), unnamed(1, "SELECT * FROM duet"),
                sql(0, "CREATE TEMP TABLE duet (a text, b text)"), unnamed(0, "SELECT * FROM duet"),
                unnamed(1, "SELECT * FROM duet"), sql(0, "ALTER TABLE duet ADD c int"),
                unnamed(0, "SELECT * FROM duet"),
                sql(0, "DROP TABLE duet"), unnamed(0, "SELECT * FROM duet"), unnamed(1, "SELECT * FROM duet"),
                sql(0, "DROP TABLE duet"),
            ]
        ),
    ]

    private static let habits: [ParityDuet] = [
        ParityDuet(
            name: "what was described keeps its rows, or is refused",
            settings: ["", ""],
            turns: [
                sql(0, "CREATE TABLE duet (a int, b int); INSERT INTO duet VALUES (1, 2)"),
                prepare(1, "S_1", "SELECT a, b FROM duet"), run(1, "S_1"),
                sql(0, "ALTER TABLE duet ALTER b TYPE real"), run(1, "S_1"), run(1, "S_1"),
                Turn(client: 1, messages: [F.close(.statement, "S_1"), F.sync]),
                prepare(1, "S_2", "SELECT a, b FROM duet"), run(1, "S_2"),
                sql(0, "DROP TABLE duet; CREATE TABLE duet (b real, a int); INSERT INTO duet VALUES (3, 4)"),
                run(1, "S_2"), sql(0, "DROP TABLE duet"), run(1, "S_2"),
            ]
        ),
        ParityDuet(
            name: "prepared under one setting, run under another",
            settings: ["SET timezone = 'UTC'", "SET timezone = 'Asia/Tokyo'"],
            turns: [
                prepare(0, "s", "SELECT timestamptz '2020-01-01 00:00'"), run(0, "s"),
                prepare(1, "s", "SELECT timestamptz '2020-01-01 00:00'"), run(1, "s"),
                sql(0, "SET timezone = 'Asia/Tokyo'"), run(0, "s"), sql(1, "BEGIN"),
                sql(1, "SET LOCAL timezone = 'UTC'"),
                run(1, "s"), prepare(1, "t", "SELECT timestamptz '2020-01-01 00:00'"), run(1, "t"), sql(1, "COMMIT"),
                run(1, "s"), run(1, "t"), run(0, "s"),
            ]
        ),
        ParityDuet(
            name: "code that gives back what is prepared",
            settings: ["", ""],
            turns: [
                Turn(client: 1, messages: [F.parse("s", "SELECT 7"), F.sync]), run(1, "s"),
                sql(0, "DO $$BEGIN EXECUTE 'DEALLOCATE ALL'; END$$"), sql(1, "BEGIN"), run(1, "s"), sql(1, "COMMIT"),
                sql(0, "DO $$BEGIN EXECUTE 'DEALLOCATE ALL'; END$$"), run(1, "s"),
            ]
        ),
        ParityDuet(
            name: "errors name what the client has named",
            settings: ["", ""],
            turns: [
                Turn(client: 0, messages: [F.parse("one", "SELECT 1"), F.sync]), run(0, "one", "1", "2"),
                unnamed(0, "SELECT 1", "1"), unnamed(1, "SELECT 1", "1"),
                Turn(client: 1, messages: [F.parse("two", "SELECT 1"), F.sync]), run(1, "two", "1"),
            ]
        ),
    ]
}

extension EndToEnd {
    @Suite struct ParityOfSeveral {
        private func play(_ duet: ParityDuet, port: UInt16) -> [String] {
            var replies: [String] = []
            do {
                let clients = try duet.settings.map { _ in try WireClient(port: port) }
                for (client, setting) in zip(clients, duet.settings) where !setting.isEmpty {
                    try client.send(Frontend.query(setting))
                    _ = try client.receiveCycle()
                }
                for (number, turn) in duet.turns.enumerated() {
                    try clients[turn.client].send(turn.messages.flatMap { $0 })
                    let reply = try clients[turn.client].receive(until: turn.until)
                    replies.append("turn \(number): " + ParityView(reply).lines.joined(separator: " "))
                }
            } catch {
                replies.append("\(error)")
            }
            return replies
        }

        /// As many servers as there are clients: some turns leave a transaction or a temporary table for a while.
        @Test func severalGetWhatTheServerSays() throws {
            let cluster = try cluster()
            let proxy = try HowdahProcess(cluster, ["pool_size": "4", "read_your_writes": "global"])
            defer { #expect(proxy.stop(), "the proxy has crashed: \(proxy.log)") }
            for duet in ParityDuet.all {
                let direct = play(duet, port: cluster.primary.port)
                let through = play(duet, port: proxy.port)
                #expect(direct == through, "\(duet.name)")
            }
        }
    }
}
