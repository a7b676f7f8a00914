@testable import ProxyCore
import ProxySimulation
import Testing

/// Who shares what servers have prepared, and who must not.
struct StatementSharingTests {
    private static let text = "UPDATE t SET x = $1"

    /// A client that is in a transaction on the primary, behind `first`.
    private func begin(_ talk: Conversation, _ client: ScriptedClient, _ first: String, tag: String) -> ScriptedServer {
        client.sends("Query BEGIN", "Query \(first)")
        let server = talk.server(on: 0)
        server.sends("Complete BEGIN", "Ready T", "Complete \(tag)", "Ready T")
        client.forget()
        server.forget()
        return server
    }

    /// Has the client's own server run what has to do with temporary objects; asked, it says that there are some.
    private func run(_ text: String, _ client: ScriptedClient, _ server: ScriptedServer, _ status: String = "Ready I") {
        client.sends("Query \(text)")
        server.sends("Complete DONE", status)
        client.gets("Complete DONE", status)
        if server.received.count > 1 { server.answers("\(PinReason.temporaryObject.bit)") }
        server.forget()
    }

    private func prepare(_ talk: Conversation, _ client: ScriptedClient, _ name: String) {
        client.sends("Parse \(name): \(Self.text)", "Bind <- \(name) (1)", "Execute", "Sync")
        talk.server(on: 0).sends("Parsed", "Bound", "Complete UPDATE 1", "Ready I")
        client.forget()
        talk.server(on: 0).forget()
    }

    @Test(
        "A setting that may matter parts sessions, one that is harmless does not",
        arguments: [
            ("TimeZone", false), ("DateStyle", false), ("transform_null_equals", false), ("enable_seqscan", false),
            ("search_path", false), ("app.tenant", false), ("application_name", true),
        ]
    )
    func settings(name: String, isHarmless: Bool) {
        converse { talk in
            prepare(talk, talk.client(), "a")
            let other = talk.client()
            other.sends("Query SET \(name) = '1'")
            talk.server(on: 0).completes("SET")
            talk.server(on: 0).forget()
            other.forget()
            other.sends("Parse b: \(Self.text)", "Bind <- b (1)", "Execute", "Sync")
            let parse = isHarmless ? [] : ["Parse howdah_0000000002: \(Self.text)"]
            let serial = isHarmless ? 1 : 2
            talk.server(on: 0).gets(
                words: parse + ["Bind <- howdah_000000000\(serial) (1)", "Execute", "Sync"]
            )
        }
    }

    @Test("SET LOCAL in front of Parse parts them for the transaction, not longer")
    func setLocal() {
        converse { talk in
            let client = talk.client()
            prepare(talk, client, "a")
            let server = begin(talk, client, "SET LOCAL TimeZone = 'UTC'", tag: "SET")
            client.sends("Parse b: \(Self.text)", "Sync")
            server.gets("Parse howdah_0000000002: \(Self.text)", "Sync")
            server.sends("Parsed", "Ready T")
            client.sends("Query COMMIT")
            server.completes("COMMIT")
            server.forget()
            client.forget()
            client.sends("Parse c: \(Self.text)", "Bind <- c (1)", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 (1)", "Execute", "Sync")
        }
    }

    @Test("What was prepared under other settings is prepared under them, on any server")
    func preparedUnderOthers() {
        converse { talk in
            let client = talk.client()
            prepare(talk, client, "a")
            client.sends("Query SET TimeZone = 'UTC'")
            talk.server(on: 0).completes("SET")
            client.forget()
            talk.server(on: 0).forget()
            client.sends("Bind <- a (1)", "Execute", "Sync")
            let server = talk.server(on: 0)
            talk.settle()
            let enter =
                "Parse : SELECT pg_catalog.set_config('howdah.kept_0',pg_catalog.current_setting('timezone',true),true),"
                + "pg_catalog.set_config('timezone',NULL,true)"
            let leave =
                "Parse : SELECT pg_catalog.set_config('timezone',pg_catalog.current_setting('howdah.kept_0'),true)"
            let run = ["Bind howdah <- ()", "Execute howdah", "Close P howdah"]
            server.gets(
                words: [enter] + run + ["Parse howdah_0000000002: \(Self.text)", leave] + run
                    + ["Bind <- howdah_0000000002 (1)", "Execute", "Sync"]
            )
        }
    }

    /// As asyncpg does, which looks up types in between and switches `jit` off meanwhile.
    @Test("So is the unnamed one, and nothing takes its place before it is bound")
    func unnamedPreparedUnderOthers() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : \(Self.text)", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            client.sends("Parse s: SET TimeZone = 'UTC'", "Bind <- s ()", "Execute", "Sync")
            server.sends("Parsed", "Bound", "Complete SET", "Ready I")
            talk.settle()
            client.forget()
            server.forget()
            client.sends("Bind <- (1)", "Execute", "Sync")
            talk.settle()
            let run = ["Bind howdah <- ()", "Execute howdah", "Close P howdah"]
            let enter =
                "Parse : SELECT pg_catalog.set_config('howdah.kept_0',pg_catalog.current_setting('timezone',true),true),"
                + "pg_catalog.set_config('timezone',NULL,true)"
            let leave =
                "Parse howdah_settings: "
                + "SELECT pg_catalog.set_config('timezone',pg_catalog.current_setting('howdah.kept_0'),true)"
            let runNamed = ["Bind howdah <- howdah_settings ()", "Execute howdah", "Close P howdah"]
            server.gets(
                words: [enter] + run + ["Parse : \(Self.text)", "Close S howdah_settings", leave] + runNamed
                    + ["Close S howdah_settings", "Bind <- (1)", "Execute", "Sync"]
            )
        }
    }

    @Test(
        "Behind DDL a Parse meets nothing that was parsed before; names keep what they mean",
        arguments: [false, true]
    )
    func definition(inTransaction: Bool) {
        converse { talk in
            let client = talk.client()
            prepare(talk, client, "a")
            let server = talk.server(on: 0)
            if inTransaction {
                _ = begin(talk, client, "ALTER TABLE t ADD y int", tag: "ALTER TABLE")
            } else {
                client.sends("Query ALTER TABLE t ADD y int")
                server.completes("ALTER TABLE")
                client.forget()
                server.forget()
            }
            client.sends("Parse b: \(Self.text)", "Bind <- b (1)", "Execute", "Sync")
            server.gets("Parse howdah_0000000002: \(Self.text)", "Bind <- howdah_0000000002 (1)", "Execute", "Sync")
            server.sends("Parsed", "Bound", "Complete UPDATE 1", inTransaction ? "Ready T" : "Ready I")
            client.sends("Bind <- a (1)", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 (1)", "Execute", "Sync")
            server.sends("Bound", "Complete UPDATE 1", inTransaction ? "Ready T" : "Ready I")
            guard inTransaction else { return }
            // Rolled back, it is the schema of before again, which nobody has parsed by since.
            client.sends("Query ROLLBACK")
            server.completes("ROLLBACK")
            server.forget()
            client.sends("Parse c: \(Self.text)", "Sync")
            server.gets("Parse howdah_0000000003: \(Self.text)", "Sync")
        }
    }

    @Test(
        "What an error shows to be out of date is parsed anew by the next Parse, and in this batch where it has one",
        arguments: ["XX000 cache lookup failed for type 1", "22P02 invalid input syntax", "42804 wrong type"]
    )
    func outdated(error: String) {
        converse { talk in
            prepare(talk, talk.client(), "a")
            let other = talk.client()
            let server = talk.server(on: 0)
            other.sends("Parse b: \(Self.text)", "Bind <- b (1)", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 (1)", "Execute", "Sync")
            server.sends("Error \(error)", "Ready I")
            server.gets("Parse howdah_0000000002: \(Self.text)", "Bind <- howdah_0000000002 (1)", "Execute", "Sync")
            // As good as new: now it is the client's own fault.
            server.sends("Parsed", "Error \(error)", "Ready I")
            other.gets("Parsed", "Error \(error)", "Ready I")
        }
    }

    @Test("In a transaction, which cannot run again, the next Parse at least is fresh")
    func outdatedInTransaction() {
        converse { talk in
            let client = talk.client()
            prepare(talk, client, "a")
            let server = begin(talk, client, "UPDATE u SET y = 1", tag: "UPDATE 1")
            client.sends("Parse b: \(Self.text)", "Bind <- b (1)", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 (1)", "Execute", "Sync")
            server.sends("Error XX000 cache lookup failed for type 1", "Ready E")
            client.sends("Query ROLLBACK")
            server.completes("ROLLBACK")
            server.forget()
            client.sends("Parse c: \(Self.text)", "Sync")
            server.gets("Parse howdah_0000000002: \(Self.text)", "Sync")
        }
    }

    @Test("Who was told what rows look like gets the error where they would look different")
    func toldOfOtherRows() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT * FROM t", "Describe S s", "Sync")
            let server = talk.server(on: 1)
            server.sends("Parsed", "Parameters 0", "Columns a", "Ready I")
            client.forget()
            server.forget()
            let error = "Error 0A000 cached plan must not change result type [RevalidateCachedQuery]"
            client.sends("Bind <- s ()", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 ()", "Execute", "Sync")
            server.sends(error, "Ready I")
            client.gets("Error 0A000 cached plan must not change result type", "Ready I")
            // It is told in this one.
            client.sends("Bind <- s ()", "Describe P", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 ()", "Describe P", "Execute", "Sync")
            server.sends(error, "Ready I")
            server.gets(
                "Parse howdah_0000000002: SELECT * FROM t",
                "Bind <- howdah_0000000002 ()",
                "Describe P",
                "Execute",
                "Sync"
            )
        }
    }

    @Test("A server that is given it after the schema has changed is asked first", arguments: ["a", "b"])
    func checked(column: String) throws {
        try converse(nodes: 3) { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT * FROM t", "Describe S s", "Sync")
            let first = try #require(talk.openServers().first { $0.received.contains("Sync") })
            first.sends("Parsed", "Parameters 0", "Columns a", "Ready I")
            client.forget()
            let other = talk.client()
            other.sends("Query ALTER TABLE t ADD y int")
            talk.server(on: 0).completes("ALTER TABLE")
            first.vanishes()
            client.sends("Bind <- s ()", "Execute", "Sync")
            let next = try #require(talk.openServers().last { $0.received.contains("Flush") })
            next.gets("Parse howdah_0000000001: SELECT * FROM t", "Describe S howdah_0000000001", "Flush")
            next.sends("Parsed", "Parameters 0", "Columns \(column)")
            if column == "a" {
                next.gets("Bind <- howdah_0000000001 ()", "Execute", "Sync")
            } else {
                next.gets("Close S howdah_0000000001", "Parse : howdah refuses this message", "Execute", "Sync")
                next.sends("Closed", "Error 42601 syntax error", "Ready I")
                client.gets("Error 0A000 cached plan must not change result type", "Ready I")
            }
        }
    }

    @Test(
        "A server that lacks it is asked within one epoch too: the schema may change behind the proxy's back",
        arguments: ["a", "b"]
    )
    func changedUnseen(column: String) throws {
        try converse(nodes: 3) { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT * FROM t", "Describe S s", "Sync")
            let first = try #require(talk.openServers().first { $0.received.contains("Sync") })
            first.sends("Parsed", "Parameters 0", "Columns a", "Ready I")
            client.forget()
            first.vanishes()
            client.sends("Bind <- s ()", "Execute", "Sync")
            let next = try #require(talk.openServers().last { $0.received.contains("Flush") })
            next.gets("Parse howdah_0000000001: SELECT * FROM t", "Describe S howdah_0000000001", "Flush")
            next.sends("Parsed", "Parameters 0", "Columns \(column)")
            if column == "a" {
                next.gets("Bind <- howdah_0000000001 ()", "Execute", "Sync")
                next.sends("Bound", "Row 1", "Complete SELECT 1", "Ready I")
                client.gets("Bound", "Row 1", "Complete SELECT 1", "Ready I")
                return
            }
            next.gets("Close S howdah_0000000001", "Parse : howdah refuses this message", "Execute", "Sync")
            next.sends("Closed", "Error 42601 syntax error", "Ready I")
            client.gets("Error 0A000 cached plan must not change result type", "Ready I")
            // What is parsed from now on meets nothing older.
            client.sends("Close S s", "Parse s: SELECT * FROM t", "Describe S s", "Sync")
            let fresh = try #require(talk.openServers().last { $0.received.contains("Sync") })
            fresh.gets("Parse howdah_0000000002: SELECT * FROM t", "Describe S howdah_0000000002", "Sync")
        }
    }

    @Test("What returns no rows needs no question within one epoch")
    func noRows() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: \(Self.text)", "Describe S s", "Sync")
            let first = talk.server(on: 0)
            first.sends("Parsed", "Parameters 0", "NoData", "Ready I")
            first.vanishes()
            client.sends("Bind <- s (1)", "Execute", "Sync")
            talk.server(on: 0).gets(
                "Parse howdah_0000000001: \(Self.text)",
                "Bind <- howdah_0000000001 (1)",
                "Execute",
                "Sync"
            )
        }
    }

    @Test(
        "A temporary table that comes in front has the server asked that lacks the statement",
        arguments: [true, false]
    )
    func temporaryInFront(isDescribed: Bool) {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT * FROM d", "Describe S s", "Sync")
            talk.server(on: 1).sends("Parsed", "Parameters 0", "Columns a,b", "Ready I")
            client.forget()
            let server = talk.server(on: 0)
            run("CREATE TEMP TABLE d (z text)", client, server)
            if isDescribed {
                client.sends("Bind <- s ()", "Describe P", "Execute", "Sync")
            } else {
                client.sends("Bind <- s ()", "Execute", "Sync")
            }
            server.gets("Parse howdah_0000000002: SELECT * FROM d", "Describe S howdah_0000000002", "Flush")
            server.sends("Parsed", "Parameters 0", "Columns z")
            let rest = ["Close S howdah_0000000002", "Parse : howdah refuses this message"]
            server.gets(words: rest + (isDescribed ? ["Describe P"] : []) + ["Execute", "Sync"])
            server.sends("Closed", "Error 42601 syntax error", "Ready I")
            client.gets("Error 0A000 cached plan must not change result type", "Ready I")
            // The table may be gone again: asked anew.
            client.sends("Bind <- s ()", "Execute", "Sync")
            server.gets("Parse howdah_0000000002: SELECT * FROM d", "Describe S howdah_0000000002", "Flush")
            server.sends("Parsed", "Parameters 0", "Columns a,b")
            server.gets("Bind <- howdah_0000000002 ()", "Execute", "Sync")
        }
    }

    @Test(
        "Behind what makes a temporary object nothing is run that was prepared before it",
        arguments: ["CREATE TEMP TABLE d (z text)", "SELECT 1 AS z INTO TEMP d", "CREATE TABLE pg_temp.d (z text)"],
        [false, true]
    )
    func preparedBeforeTemporary(making: String, inTransaction: Bool) {
        converse { talk in
            let client = talk.client()
            prepare(talk, client, "a")
            let server = talk.server(on: 0)
            if inTransaction {
                _ = begin(talk, client, making, tag: "CREATE TABLE")
            } else {
                run(making, client, server)
            }
            let status = inTransaction ? "Ready T" : "Ready I"
            client.sends("Bind <- a (1)", "Execute", "Sync")
            server.gets("Parse howdah_0000000002: \(Self.text)", "Bind <- howdah_0000000002 (1)", "Execute", "Sync")
            server.sends("Parsed", "Bound", "Complete UPDATE 1", status)
            // Once for all.
            client.forget()
            server.forget()
            run("INSERT INTO pg_temp.d VALUES ('1')", client, server, status)
            client.sends("Bind <- a (1)", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000002 (1)", "Execute", "Sync")
        }
    }

    @Test("A Parse that a server has something to say about is each client's own")
    func notices() {
        converse { talk in
            for serial in 1...2 {
                let client = talk.client()
                client.sends("Parse a: \(Self.text)", "Sync")
                let server = talk.server(on: 0)
                server.gets("Parse howdah_000000000\(serial): \(Self.text)", "Sync")
                server.sends("Notice 22P06 nonstandard use of \\ in a string literal", "Parsed", "Ready I")
                client.gets("Notice 22P06 nonstandard use of \\ in a string literal", "Parsed", "Ready I")
            }
        }
    }

    @Test("Behind code that is not seen nothing that the server had is relied on")
    func unseenCode() {
        converse { talk in
            let client = talk.client()
            prepare(talk, client, "a")
            let server = begin(talk, client, "DO 'x'", tag: "DO")
            client.sends("Bind <- a (1)", "Execute", "Sync")
            server.gets("Parse howdah_0000000002: \(Self.text)", "Bind <- howdah_0000000002 (1)", "Execute", "Sync")
        }
    }

    @Test("Messages name statements as the client does", arguments: ["s", ""])
    func names(name: String) {
        converse { talk in
            let client = talk.client()
            for _ in 0..<2 {
                client.sends("Parse \(name): SELECT a FROM t WHERE b < $1", "Sync")
                let server = talk.server(on: 1)
                if !server.received.isEmpty { server.sends("Parsed", "Ready I") }
                server.forget()
                if name == "s" { break }
            }
            client.forget()
            talk.server(on: 1).forget()
            client.sends("Bind <- \(name) (1)", "Sync")
            let server = talk.server(on: 1)
            talk.settle()
            let shared = server.received.contains { $0.contains("howdah_") }
            #expect(shared)
            let isParsed = server.received.first?.hasPrefix("Parse") == true
            if isParsed { server.sends("Parsed") }
            let error = "Error 08P01 too many values, but prepared statement"
            server.sends("\(error) \"howdah_0000000001\" requires 0", "Ready I")
            client.gets("\(error) \"\(name)\" requires 0", "Ready I")
        }
    }

    @Test("What a replica does not know is looked for on the primary, and the class stays")
    func behind() {
        converse { talk in
            let client = talk.client()
            for _ in 0..<2 {
                client.sends("Query SELECT * FROM new")
                let replica = talk.server(on: 1)
                replica.gets("Query SELECT * FROM new")
                replica.sends("Error 42P01 relation \"new\" does not exist", "Ready I")
                let primary = talk.server(on: 0)
                primary.gets("Query SELECT * FROM new")
                primary.sends("Error 42P01 relation \"new\" does not exist", "Ready I")
                client.gets("Error 42P01 relation \"new\" does not exist", "Ready I")
            }
        }
    }

    @Test("An unnamed statement is planned for its values, however many run it", arguments: [true, false])
    func plans(hasValues: Bool) {
        converse { talk in
            let client = talk.client()
            let text = hasValues ? "UPDATE t SET x = 1 WHERE y < $1" : "UPDATE t SET x = 1 WHERE y < 1"
            var seen: [String] = []
            for _ in 0..<20 {
                client.sends("Parse : \(text)", "Bind <- (1)", "Execute", "Sync")
                let server = talk.server(on: 0)
                talk.settle()
                for words in server.received {
                    if words.hasPrefix("Parse") || words.hasPrefix("Bind") { seen.append(String(words.prefix(5))) }
                    if words.hasPrefix("Parse") { server.sends("Parsed") }
                    if words.hasPrefix("Close") { server.sends("Closed") }
                }
                server.forget()
                server.sends("Bound", "Complete UPDATE 1", "Ready I")
            }
            let longest = seen.split(separator: "Parse").map(\.count).max() ?? 0
            #expect(hasValues ? longest <= 5 : longest > 15, "\(seen)")
        }
    }

    @Test("pg_prepared_statements shows a client its own statements, by its own names")
    func own() {
        converse { talk in
            let client = talk.client()
            prepare(talk, client, "mine")
            let other = talk.client()
            let text = "/* howdah: primary */ SELECT name FROM pg_prepared_statements"
            other.sends("Parse theirs: \(Self.text)", "Sync")
            other.forget()
            client.sends("Query \(text)")
            let server = talk.server(on: 0)
            server.gets("Close S howdah_0000000001", "Sync", "Parse mine: \(Self.text)", "Sync", "Query \(text)")
            server.sends("Closed", "Ready I", "Parsed", "Ready I")
            server.answers("mine")
            client.gets("Columns v", "Row mine", "Complete SELECT 1", "Ready I")
            // Nobody else is to meet it.
            server.gets("Query DISCARD ALL")
        }
    }
}
