import ProxyCore
import Testing

/// Settings belong to the client and go where it goes.
struct SettingsTests {
    @Test("SET travels to the next server, and is taken back for the next client")
    func travels() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SET work_mem = '8MB'")
            let primary = talk.server(on: 0)
            primary.gets("Query SET work_mem = '8MB'")
            primary.completes("SET")
            client.gets("Complete SET", "Ready I")
            client.sends("Query SELECT 1")
            let replica = talk.server(on: 1)
            replica.gets(
                ScriptedServer.brings("SELECT pg_catalog.set_config('work_mem','8MB',false)"),
                "Query SELECT 1"
            )
            replica.answers("8MB")
            replica.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            // Nothing is said where nothing differs.
            client.sends("Query SELECT 2")
            replica.gets("Query SELECT 2")
            replica.answers("2")
            client.forget()
            let other = talk.client()
            other.sends("Query SELECT 3")
            replica.gets(ScriptedServer.brings("RESET \"work_mem\""), "Query SELECT 3")
        }
    }

    @Test("Several settings go as values of a prepared statement, in a cycle of their own")
    func several() {
        converse { talk in
            let client = talk.client()
            for (name, value) in [("work_mem", "8MB"), ("app.tenant", "x"), ("extra_float_digits", "0")] {
                client.sends("Query SET \(name) = '\(value)'")
                talk.server(on: 0).completes("SET")
            }
            client.forget()
            client.sends("Query SELECT 1")
            let server = talk.server(on: 1)
            talk.settle()
            let one = ["Parse", "Bind", "Execute"]
            #expect(
                server.received.map { $0.split(separator: " ")[0] }
                    == (one + one + one + ["Sync", "Query"]).map { $0[...] }
            )
            #expect(server.received[0].hasSuffix(": BEGIN ISOLATION LEVEL READ COMMITTED"))
            #expect(server.received[4].hasSuffix("(app.tenant,x,extra_float_digits,0,work_mem,8MB)"))
            #expect(server.received[6].hasSuffix(": COMMIT"))
            server.sends("Parsed", "Bound", "Complete BEGIN", "Parsed", "Bound", "Row x,0,8MB", "Complete SELECT 1")
            server.sends("Parsed", "Bound", "Complete COMMIT", "Ready I")
            server.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            server.forget()
            let other = talk.client()
            other.sends("Query SELECT 2")
            talk.settle()
            // Where there is none, a value is reset.
            #expect(
                server.received.dropFirst(2).first?.hasSuffix("(app.tenant,NULL,extra_float_digits,NULL,work_mem,NULL)")
                    == true
            )
        }
    }

    @Test("A SET that failed changes nothing")
    func failed() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SET work_mem = 'x'")
            talk.server(on: 0).sends("Error 22023 invalid value", "Ready I")
            client.gets("Error 22023 invalid value", "Ready I")
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
        }
    }

    @Test(
        "SET in a transaction holds when it commits, and is gone when it does not",
        arguments: [("COMMIT", "COMMIT", true), ("ROLLBACK", "ROLLBACK", false), ("COMMIT", "ROLLBACK", false)]
    )
    func inTransaction(end: String, tag: String, holds: Bool) {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query SET work_mem = '8MB'")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete SET", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Complete SET", "Ready T")
            client.sends("Query \(end)")
            server.completes(tag)
            client.gets("Complete \(tag)", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
            client.sends("Query SELECT 1")
            if holds {
                talk.server(on: 1).gets(
                    ScriptedServer.brings("SELECT pg_catalog.set_config('work_mem','8MB',false)"),
                    "Query SELECT 1"
                )
            } else {
                talk.server(on: 1).gets("Query SELECT 1")
            }
        }
    }

    @Test("ROLLBACK TO takes back what was set behind the savepoint")
    func savepoint() {
        converse { talk in
            let client = talk.client()
            let server = talk.server(on: 0)
            func run(_ text: String, _ tag: String, _ status: String = "T") {
                client.sends("Query \(text)")
                if server.received.count == 2 { server.sends("Complete BEGIN", "Ready T") }
                server.forget()
                server.completes(tag, status)
                client.gets("Complete \(tag)", "Ready \(status)")
            }
            client.sends("Query BEGIN")
            client.gets("Complete BEGIN", "Ready T")
            run("SET work_mem = '8MB'", "SET")
            run("SAVEPOINT a", "SAVEPOINT")
            run("SET work_mem = '9MB'", "SET")
            run("ROLLBACK TO a", "ROLLBACK")
            server.values["work_mem"] = "8MB"
            run("COMMIT", "COMMIT", "I")
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets(
                ScriptedServer.brings("SELECT pg_catalog.set_config('work_mem','8MB',false)"),
                "Query SELECT 1"
            )
        }
    }

    @Test("RESET returns to what the client came with")
    func reset() {
        converse { talk in
            let client = talk.client(["work_mem": "5MB"])
            let server = talk.server(on: 0)
            server.answers("5MB")
            client.forget()
            server.forget()
            client.sends("Query SET work_mem = '8MB'")
            server.completes("SET")
            client.sends("Query RESET work_mem")
            server.completes("RESET")
            server.completes("SET")
            client.forget()
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets(
                ScriptedServer.brings("SELECT pg_catalog.set_config('work_mem','5MB',false)"),
                "Query SELECT 1"
            )
            talk.server(on: 1).answers("5MB")
            talk.server(on: 1).answers("1")
            client.forget()
            client.sends("Query UPDATE t SET x = 1")
            // The server's own RESET went to another value than the client's: that was brought back at once.
            server.gets(
                "Query SET work_mem = '8MB'",
                "Query RESET work_mem",
                "Query SET \"work_mem\" TO '5MB'",
                "Query UPDATE t SET x = 1"
            )
        }
    }

    @Test("SET SESSION AUTHORIZATION takes the role back: the server is asked for both")
    func sessionAuthorization() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SET ROLE r")
            let server = talk.server(on: 0)
            server.values["role"] = "r"
            server.completes("SET")
            client.sends("Query SET SESSION AUTHORIZATION other")
            server.values = ["role": "none", "session_authorization": "other"]
            server.completes("SET")
            client.forget()
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets(
                ScriptedServer.brings("SELECT pg_catalog.set_config('session_authorization','other',false)"),
                "Query SELECT 1"
            )
        }
    }

    @Test("What cannot travel keeps its server, which is cleaned behind the client")
    func pins() {
        converse { talk in
            let text = "PREPARE x AS SELECT 1; EXECUTE x"
            let client = talk.client()
            client.sends("Query \(text)")
            let server = talk.server(on: 0)
            server.gets("Query \(text)")
            server.completes("DONE")
            client.gets("Complete DONE", "Ready I")
            #expect(talk.engine.inspect().idleServers == 0)
            client.sends("Query SELECT 1")
            server.gets("Query SELECT 1")
            server.answers("1")
            client.forget()
            client.vanishes()
            server.gets("Query DISCARD ALL")
            #expect(talk.engine.inspect().idleServers == 0)
            server.completes("DISCARD ALL")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("DISCARD ALL ends a pin")
    func discardEndsPin() {
        converse { talk in
            let client = talk.client()
            client.sends("Query CREATE TEMPORARY TABLE x (y int)", "Query DISCARD ALL")
            let server = talk.server(on: 0)
            server.gets("Query CREATE TEMPORARY TABLE x (y int)")
            server.completes("CREATE TABLE")
            server.gets("Query DISCARD ALL")
            server.completes("DISCARD ALL")
            client.gets("Complete CREATE TABLE", "Ready I", "Complete DISCARD ALL", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
            server.getsNothing()
        }
    }

    @Test("currval without a sequence of one's own finds nobody else's")
    func sequences() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT nextval('s')")
            let server = talk.server(on: 0)
            server.gets("Query SELECT nextval('s')")
            server.answers("1")
            client.forget()
            let other = talk.client()
            other.sends("Query SELECT currval('s')")
            server.gets(ScriptedServer.brings("DISCARD SEQUENCES"), "Query SELECT currval('s')")
            server.completes("DISCARD SEQUENCES")
            server.sends("Error 55000 currval of sequence \"s\" is not yet defined in this session", "Ready I")
            other.gets("Error 55000 currval of sequence \"s\" is not yet defined in this session", "Ready I")
            // From now on whoever uses one keeps its server.
            client.sends("Query SELECT nextval('s')")
            let second = talk.openServers(on: 0).last { $0.received == ["Query SELECT nextval('s')"] }
            second?.answers("2")
            second?.forget()
            client.forget()
            client.sends("Query SELECT currval('s')")
            talk.settle()
            #expect(second?.received.last == "Query SELECT currval('s')")
        }
    }

    @Test("A session goes back to a server that has its settings, whoever was last on another")
    func fitting() {
        converse { talk in
            let clients = [talk.client(["work_mem": "5MB"]), talk.client(["work_mem": "6MB"])]
            // Each is let in by a server that has taken its settings.
            let servers = talk.openServers()
            #expect(servers.count == 2)
            for server in servers { server.answers("") }
            for round in 0..<4 {
                for client in round % 2 == 0 ? clients : clients.reversed() {
                    for server in servers { server.forget() }
                    client.forget()
                    client.sends("Query UPDATE t SET x = 2")
                    talk.settle()
                    let used = servers.filter { !$0.received.isEmpty }
                    #expect(used.map(\.received) == [["Query UPDATE t SET x = 2"]])
                    used.first?.completes("UPDATE 1")
                    client.gets("Complete UPDATE 1", "Ready I")
                }
            }
        }
    }

    @Test("Settings are changed on the server used last while all are in use, else on the one that idles longest")
    func changed() {
        converse(pool: { $0.size = 2 }) { talk in
            let clients = ["5MB", "6MB", "7MB"].map { talk.client(["work_mem": $0]) }
            let servers = talk.openServers(on: 0)
            #expect(servers.count == 2)
            // The third is let in by the server that has let in the first.
            for server in servers + servers.prefix(1) { server.answers("") }
            /// The place of the server that a client's statement runs on, and whether it was brought to other settings.
            func run(_ client: Int) -> (server: Int?, isChanged: Bool) {
                for server in servers { server.forget() }
                clients[client].forget()
                clients[client].sends("Query UPDATE t SET x = 2")
                talk.settle()
                let used = servers.indices.filter { !servers[$0].received.isEmpty }
                guard used.count == 1 else { return (nil, false) }
                let isChanged = servers[used[0]].received.count > 1
                if isChanged { servers[used[0]].answers("") }
                servers[used[0]].completes("UPDATE 1")
                clients[client].gets("Complete UPDATE 1", "Ready I")
                return (used[0], isChanged)
            }
            talk.pass(seconds: 1)
            let first = run(0).server
            talk.pass(seconds: 1)
            let second = run(1).server
            #expect(Set([first, second]) == [0, 1])
            #expect(run(0) == (first, false))
            #expect(run(1) == (second, false))
            // The third takes the place of the second, who has just been here; the first will be back before that.
            #expect(run(2) == (second, true))
            #expect(run(0) == (first, false))
            talk.pass(seconds: 1)
            #expect(run(2) == (second, false))
            // Nobody has come back to the first server for long.
            #expect(run(1) == (first, true))
        }
    }

    @Test("As many settings as a server can be brought to travel; with more the session keeps its server")
    func many() {
        converse { talk in
            let client = talk.client()
            func set(_ numbers: ClosedRange<Int>) {
                for number in numbers {
                    client.sends("Query SET app.s\(number) = 'x'")
                    talk.server(on: 0).completes("SET")
                }
                client.forget()
            }
            set(1...100)
            client.sends("Query SELECT 1")
            let replica = talk.server(on: 1)
            talk.settle()
            #expect(replica.received.first?.split(separator: "set_config(").count == 101)
            replica.answers("x")
            replica.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            set(101...257)
            client.sends("Query SELECT 2")
            talk.server(on: 0).answers("2")
            client.gets("Columns v", "Row 2", "Complete SELECT 1", "Ready I")
        }
    }
}
