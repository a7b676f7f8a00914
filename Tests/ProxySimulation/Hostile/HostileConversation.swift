import PostgresWire

/// What a client says from its first byte to its last, so that every flow of a session is gone through: to be said
/// with something wrong in it.
package struct HostileConversation: Sendable {
    package let name: String
    package let database: String
    /// The start-up packet, then what is sent at once.
    package let turns: [[UInt8]]

    package var bytes: [UInt8] { turns.flatMap { $0 } }

    /// Where its messages begin and end, the start-up packet's end first.
    package var boundaries: [Int] {
        let bytes = bytes
        var boundaries: [Int] = []
        var offset = turns[0].count
        while offset < bytes.count {
            boundaries.append(offset)
            guard bytes.count - offset >= 5 else { break }
            offset += 1 + bytes[offset + 1..<offset + 5].reduce(0) { $0 << 8 | Int($1) }
        }
        return boundaries + [bytes.count]
    }

    private init(
        _ name: String,
        database: String = "app",
        parameters: [StartupPacket.Parameter] = [],
        _ turns: [(inout MessageBuilder) -> Void]
    ) {
        self.name = name
        self.database = database
        var startup = MessageBuilder()
        startup.startup(
            .v3_0,
            [.init(name: "user", value: Self.user), .init(name: "database", value: database)] + parameters
        )
        self.turns =
            [startup.bytes]
            + turns.map { turn in
                var builder = MessageBuilder()
                turn(&builder)
                return builder.bytes
            }
    }

    /// Stands for who is let in; `as` puts another of the same length there.
    private static let user = "user0"

    /// The same, as another user (of five letters).
    package func `as`(_ user: String) -> [[UInt8]] {
        let name = Array(Self.user.utf8)
        guard let range = turns[0].firstRange(of: name), user.utf8.count == name.count else { return turns }
        var first = turns[0]
        first.replaceSubrange(range, with: Array(user.utf8))
        return [first] + turns.dropFirst()
    }

    private static func batch(_ text: String, name: String = "") -> (inout MessageBuilder) -> Void {
        { builder in
            builder.parse(name: name, text: text)
            builder.bind(portal: "", statement: name, parameters: [])
            builder.describe("P", "")
            builder.execute(portal: "")
            builder.sync()
        }
    }

    private static func queries(_ texts: String...) -> [(inout MessageBuilder) -> Void] {
        texts.map { text in { $0.query(text) } }
    }

    /// New ones come last: the corpus of `make fuzz` names them by their places.
    package static let all: [HostileConversation] = [
        HostileConversation(
            "simple",
            queries(
                "SELECT 1",
                "BEGIN",
                "INSERT INTO t VALUES (1)",
                "SELECT fail",
                "ROLLBACK",
                "",
                "SELECT 2; SELECT 3"
            )
                + [{ $0.terminate() }]
        ),
        HostileConversation(
            "extended",
            [
                batch("SELECT 1"), batch("INSERT INTO t VALUES (1)"), batch("SELECT $1", name: "s1"),
                {
                    $0.bind(portal: "p", statement: "s1", parameters: [[49], nil])
                    $0.execute(portal: "p", maximumRows: 1)
                    $0.close("P", "p")
                    $0.close("S", "s1")
                    $0.sync()
                }, { $0.terminate() },
            ]
        ),
        HostileConversation(
            "flushed",
            [
                {
                    $0.parse(name: "a", text: "SELECT 1")
                    $0.describe("S", "a")
                    $0.flush()
                },
                {
                    $0.bind(portal: "", statement: "a", parameters: [])
                    $0.execute(portal: "")
                    $0.flush()
                }, { $0.sync() }, { $0.flush() }, { $0.sync() },
            ]
        ),
        HostileConversation(
            "pipelined",
            [
                {
                    for number in 0..<4 {
                        $0.parse(name: "", text: "SELECT \(number)")
                        $0.bind(portal: "", statement: "", parameters: [])
                        $0.execute(portal: "")
                        $0.sync()
                    }
                    $0.query("SELECT 9")
                    $0.query("UPDATE t SET x = 1")
                    $0.terminate()
                }
            ]
        ),
        HostileConversation(
            "refused",
            [
                {
                    $0.parse(name: "", text: "/* howdah: replica */ INSERT INTO t VALUES (1)")
                    $0.bind(portal: "", statement: "", parameters: [])
                }, { $0.execute(portal: "") }, { $0.sync() }, { $0.query("SELECT 1") },
            ]
        ),
        HostileConversation(
            "failing in a transaction",
            [
                { $0.query("BEGIN") }, batch("SELECT fail"),
                {
                    $0.parse(name: "x", text: "SELECT 1")
                    $0.bind(portal: "", statement: "x", parameters: [])
                    $0.sync()
                }, batch("ROLLBACK"), batch("BEGIN"), batch("SELECT 1"), batch("COMMIT"),
            ]
        ),
        HostileConversation(
            "copying",
            [
                { $0.query("COPY t FROM STDIN") },
                {
                    $0.message(FrontendTag.copyData) { $0.raw([49, 10]) }
                    $0.message(FrontendTag.copyDone)
                },
                {
                    $0.parse(name: "", text: "COPY t FROM STDIN")
                    $0.bind(portal: "", statement: "", parameters: [])
                    $0.execute(portal: "")
                    $0.sync()
                },
                {
                    $0.message(FrontendTag.copyData) { $0.raw([49, 10]) }
                    $0.message(FrontendTag.copyFail) { $0.string("no") }
                    $0.sync()
                }, { $0.query("COPY t TO STDOUT") }, { $0.message(FrontendTag.copyDone) },
            ]
        ),
        HostileConversation(
            "prepared by SQL",
            queries("PREPARE p AS SELECT 1", "EXECUTE p", "EXECUTE p; EXECUTE p", "DEALLOCATE p") + [
                {
                    $0.parse(name: "", text: "PREPARE q AS SELECT 2")
                    $0.bind(portal: "", statement: "", parameters: [])
                    $0.execute(portal: "")
                    $0.sync()
                }, batch("EXECUTE q"), batch("DEALLOCATE ALL"),
            ]
        ),
        // What Parse takes and PREPARE would not.
        HostileConversation(
            "utility statements prepared",
            [
                "DISCARD ALL", "BEGIN", "COMMIT", "SHOW howdah.route", "SET work_mem = '5MB'", "DEALLOCATE ALL",
                "LISTEN a",
            ]
            .enumerated().flatMap { index, text -> [(inout MessageBuilder) -> Void] in
                [
                    {
                        $0.parse(name: "u\(index)", text: text)
                        $0.sync()
                    }, { $0.query("EXECUTE u\(index)") }, batch("EXECUTE u\(index)"),
                ]
            }
        ),
        HostileConversation(
            "settings",
            parameters: [.init(name: "application_name", value: "x"), .init(name: "options", value: "-c a.b=c")],
            queries(
                "SET work_mem = '1MB'",
                "SELECT 1",
                "INSERT INTO t VALUES (1)",
                "BEGIN; SET a.b = 'd'",
                "ROLLBACK",
                "SELECT set_config('a.b', 'e', false)",
                "RESET ALL",
                "DISCARD ALL",
                "DO $$ BEGIN END $$"
            )
        ),
        HostileConversation(
            "listening",
            queries("LISTEN a", "NOTIFY a", "BEGIN", "LISTEN b", "COMMIT", "UNLISTEN *", "SELECT 1")
        ),
        HostileConversation(
            "pinned",
            queries("CREATE TEMP TABLE x (a int)", "SELECT 1", "SELECT pg_advisory_lock(1)", "DROP TABLE x", "SELECT 2")
                + [batch("SELECT 3"), { $0.sync() }]
        ),
        HostileConversation(
            "the proxy's own",
            queries(
                "SHOW howdah.route",
                "SET howdah.route = 'primary'",
                "EXPLAIN ROUTE SELECT 1",
                "SHOW howdah.position",
                "SET howdah.read_your_writes = 'global'",
                "RESET howdah.route",
                "SHOW howdah.nothing"
            ) + [batch("SHOW howdah.route"), batch("EXPLAIN ROUTE SELECT 1")]
        ),
        HostileConversation(
            "names",
            [
                {
                    $0.parse(name: "n", text: "SELECT 1")
                    $0.sync()
                },
                {
                    $0.parse(name: "n", text: "SELECT 2")
                    $0.sync()
                },
                {
                    $0.bind(portal: "", statement: "howdah_0000000001", parameters: [])
                    $0.sync()
                },
                {
                    $0.close("S", "n")
                    $0.parse(name: "n", text: "SELECT 3")
                    $0.describe("S", "n")
                    $0.bind(portal: "", statement: "missing", parameters: [])
                    $0.sync()
                },
                { $0.message(FrontendTag.functionCall) { $0.raw([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]) } },
            ]
        ),
        HostileConversation(
            "long",
            [
                { $0.query("SELECT '" + String(repeating: "x", count: 3000) + "'") },
                {
                    $0.parse(name: "", text: "INSERT INTO t VALUES ($1)")
                    $0.bind(portal: "", statement: "", parameters: [[UInt8](repeating: 120, count: 3000)])
                    $0.execute(portal: "")
                    $0.sync()
                },
            ]
        ),
        HostileConversation(
            "admin console",
            database: "howdah",
            queries("SHOW NODES", "SHOW PINS", "nonsense") + [batch("SHOW VERSION"), { $0.flush() }, { $0.sync() }]
        ),
        HostileConversation(
            "replication",
            parameters: [.init(name: "replication", value: "database")],
            queries("IDENTIFY_SYSTEM", "SELECT 1")
        ),
        // The first reply to a batch is a description, behind an answer of the proxy's own.
        HostileConversation(
            "portals described later",
            [
                { $0.query("BEGIN") },
                {
                    $0.parse(name: "a", text: "SELECT 1")
                    $0.bind(portal: "p", statement: "a", parameters: [])
                    $0.sync()
                },
                {
                    $0.parse(name: "b", text: "SELECT 1")
                    $0.describe("P", "p")
                    $0.sync()
                },
                {
                    $0.close("S", "b")
                    $0.describe("P", "p")
                    $0.execute(portal: "p")
                    $0.sync()
                }, { $0.query("COMMIT") },
            ]
        ),
    ]
}
