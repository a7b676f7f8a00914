import PostgresWire
import ProxyTerms
import Testing

@testable import ProxyCore

/// What the console does to the engine.
struct ConsoleCommandTests {
    private func converseWithConsole(
        nodes: Int = 3,
        pool: (inout PoolOptions) -> Void = { _ in },
        _ script: (Conversation, ScriptedClient) throws -> Void
    ) rethrows {
        try converse(
            nodes: nodes,
            options: { $0.adminUsers = ["admin"] },
            pool: pool
        ) { talk in try script(talk, talk.client(user: "admin", database: "howdah")) }
    }

    @Test(
        arguments: [
            ("pause", ConsoleCommand(.pause)), ("PAUSE app;", ConsoleCommand(.pause, "app")),
            ("PAUSE \"my \"\"db\"\"\"", ConsoleCommand(.pause, "my \"db\"")),
            ("resume App", ConsoleCommand(.resume, "App")),
            ("Drain n1", ConsoleCommand(.drain, "n1")), ("SWITCHOVER", ConsoleCommand(.switchover)),
            ("switchover to n2", ConsoleCommand(.switchover, "n2")), ("SHOW NODES", ConsoleCommand(.showNodes)),
        ]
    )
    func isRead(text: String, command: ConsoleCommand) { #expect(ConsoleCommand(text) == command) }

    @Test(
        arguments: ["DRAIN", "DRAIN a b", "SWITCHOVER n1", "SWITCHOVER TO", "PAUSE a b", "SHOW NODES n1", "PAUSE \"a"]
    )
    func isRefused(text: String) { #expect(ConsoleCommand(text) == nil) }

    @Test("Only admin_users get in; HELP lists every command")
    func help() {
        converseWithConsole { talk, console in
            let stranger = talk.connect()
            stranger.sendsStartup(.v3_0, [("user", "app"), ("database", "howdah")])
            #expect(stranger.received.last == "Fatal 42501 user \"app\" may not use the admin console")
            #expect(stranger.isClosed)
            console.sends("Query SHOW HELP")
            talk.settle()
            for verb in ConsoleVerb.allCases {
                #expect(console.received.contains { $0.hasPrefix("Row \(verb.usage),") }, "\(verb.usage)")
            }
            console.forget()
        }
    }

    @Test("A long list is made as its reader takes it, each row once, and what is asked behind it waits its turn")
    func longList() {
        let count = 300
        converse(
            options: {
                $0.adminUsers = ["admin"]
                $0.sendHighWater = 20 << 10
            },
            pool: { ($0.size, $0.connectRamp) = (count, count) }
        ) { talk in
            let console = talk.client(user: "admin", database: "howdah")
            let text = "SELECT pg_advisory_lock(1) /* \(String(repeating: "x", count: 160)) */"
            for _ in 0..<count {
                let client = talk.client()
                client.sends("Query \(text)")
                talk.openServers(on: 0).last { $0.received.last == "Query \(text)" }?.answers("")
                client.gets("Columns v", "Row ", "Complete SELECT 1", "Ready I")
            }
            console.reads = false
            console.sends("Query SHOW PINS", "Query SHOW VERSION")
            talk.settle()
            let held = talk.engine.inspect().bytesInUse
            #expect(held < 64 << 10, "a third of the list, at most: \(held)")
            console.reads = true
            talk.settle()
            let rows = console.received.filter { $0.hasPrefix("Row ") }
            #expect(rows.count == count + 1)
            #expect(Set(rows).count == count + 1)
            #expect(Array(console.received.suffix(6).dropLast()).first == "Complete SHOW")
            #expect(console.received.suffix(3).map { $0.prefix(8) } == ["Row Howd", "Complete", "Ready I"])
            console.forget()
        }
    }

    @Test("SHOW NODES")
    func nodes() {
        converseWithConsole { talk, console in
            talk.topologyBecomes(.up(.primary), .fenced(reason: "a second primary"), .unknown(reason: "refused"))
            console.sends("Query SHOW NODES")
            talk.settle()
            #expect(console.received.count == 6)
            #expect(console.received[1].hasPrefix("Row n0,n0:5432,primary,up,"), "\(console.received[1])")
            #expect(console.received[2].hasPrefix("Row n1,n1:5432,"), "\(console.received[2])")
            #expect(console.received[2].contains("fenced,a second primary"), "\(console.received[2])")
            #expect(console.received[3].contains("down,refused"), "\(console.received[3])")
            console.forget()
        }
    }

    // MARK: PAUSE

    @Test("PAUSE lets transactions end, keeps what is new waiting, and closes free servers", arguments: [nil, "app"])
    func pause(database: String?) {
        converseWithConsole { talk, console in
            let client = talk.client()
            let other = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            console.sends("Query PAUSE \(database ?? "")", "Query SHOW VERSION")
            other.sends("Query SELECT 1")
            talk.pass(seconds: 200)
            console.getsNothing()
            other.getsNothing()
            client.sends("Query COMMIT")
            server.completes("COMMIT")
            client.gets("Complete COMMIT", "Ready I")
            talk.pass(seconds: 0.2)
            console.gets("Complete PAUSE", "Ready I", "Columns version", "Row Howdah ", "Complete SHOW", "Ready I")
            #expect(talk.openServers().isEmpty)
            client.sends("Query UPDATE t SET x = 2")
            client.getsNothing()
            console.sends("Query RESUME \(database ?? "")")
            console.gets("Complete RESUME", "Ready I")
            talk.openServers(on: 0).last { $0.received.last == "Query UPDATE t SET x = 2" }?.completes("UPDATE 1")
            talk.openServers().last { $0.received.last == "Query SELECT 1" }?.answers("1")
            client.gets("Complete UPDATE 1", "Ready I")
            other.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("In the extended protocol, with nothing running")
    func pauseExtended() {
        converseWithConsole { talk, console in
            _ = talk.client()
            console.sends("Parse : PAUSE", "Bind <- ()", "Describe P", "Execute", "Sync")
            console.gets("Parsed", "Bound", "NoData", "Complete PAUSE", "Ready I")
            console.sends("Query PAUSE nosuch")
            console.getsError("Error 3D000 no client has used database \"nosuch\"", ready: "I")
        }
    }

    @Test("A pinned client keeps its server through PAUSE, and waits for RESUME like others")
    func pausePinned() {
        converseWithConsole { talk, console in
            let client = talk.client()
            client.sends("Query SELECT setseed(0.5)")
            let server = talk.server(on: 0)
            server.answers("")
            client.gets("Columns v", "Row ", "Complete SELECT 1", "Ready I")
            server.forget()
            console.sends("Query PAUSE")
            talk.pass(seconds: 0.2)
            console.gets("Complete PAUSE", "Ready I")
            client.sends("Query SELECT random()")
            #expect(server.received.isEmpty)
            console.sends("Query RESUME")
            console.gets("Complete RESUME", "Ready I")
            server.gets("Query SELECT random()")
            server.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            console.sends("Query RESUME app")
            console.gets("Complete RESUME", "Ready I")
        }
    }

    // MARK: DRAIN

    @Test("DRAIN of a replica: what runs ends, its servers are closed, reads go elsewhere")
    func drainReplica() {
        converseWithConsole(nodes: 2) { talk, console in
            let client = talk.client()
            client.sends("Query SELECT 1")
            let server = talk.server(on: 1)
            console.sends("Query DRAIN n1")
            console.gets("Complete DRAIN", "Ready I")
            server.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            #expect(server.isClosed)
            client.sends("Query SELECT 2")
            talk.server(on: 0).answers("2")
            client.gets("Columns v", "Row 2", "Complete SELECT 1", "Ready I")
            console.sends("Query UNDRAIN n1")
            console.gets("Complete UNDRAIN", "Ready I")
            client.sends("Query SELECT 3")
            talk.server(on: 1).answers("3")
            client.gets("Columns v", "Row 3", "Complete SELECT 1", "Ready I")
            console.sends("Query DRAIN n7")
            let error = console.getsError("Error 42704 there is no node \"n7\"", ready: "I")
            #expect(error?.field("H") == "The nodes are: n0, n1.")
        }
    }

    @Test("DRAIN of the primary: writes wait, and the error names the command that ends that")
    func drainPrimary() {
        converse(
            options: {
                $0.adminUsers = ["admin"]
                $0.failoverWait = 1_000_000
            }
        ) { talk in
            let console = talk.client(user: "admin", database: "howdah")
            let client = talk.client()
            console.sends("Query DRAIN n0")
            console.gets("Complete DRAIN", "Ready I")
            client.sends("Query UPDATE t SET x = 1")
            talk.pass(seconds: 1.2)
            let error = client.getsError("Error 57P03 no primary takes writes", ready: "I")
            #expect(error?.field("D")?.contains("UNDRAIN n0") == true)
            client.sends("Query UPDATE t SET x = 1")
            console.sends("Query UNDRAIN n0")
            console.gets("Complete UNDRAIN", "Ready I")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    // MARK: RELOAD and SHOW CONFIG

    @Test("Each RELOAD is answered with what its own reading has come to, whichever is over first")
    func reload() {
        converseWithConsole { talk, console in
            let second = talk.client(user: "admin", database: "howdah")
            console.sends("Query RELOAD", "Query SHOW VERSION")
            second.sends("Parse : RELOAD", "Bind <- ()", "Execute", "Sync")
            second.gets("Parsed", "Bound")
            #expect(talk.shell.reloads == [1, 2])
            talk.engine.reloadEnded(
                number: 2,
                .refused(PostgresError(.error, .configurationFileError, "proxy.conf:1:1: no"))
            )
            console.getsNothing()
            second.getsError("Error F0000 proxy.conf:1:1: no", ready: "I")
            let kept = PostgresError(.warning, .cannotChangeNow, "setting \"workers\" stays")
            talk.engine.reloadEnded(number: 1, .applied(notices: [kept]))
            console.gets(
                "Notice 55P02 setting \"workers\" stays",
                "Complete RELOAD",
                "Ready I",
                "Columns version",
                "Row Howdah ",
                "Complete SHOW",
                "Ready I"
            )
        }
    }

    @Test("Who does not wait for the answer keeps nobody from his own")
    func reloadOfOneWhoLeft() {
        converseWithConsole { talk, console in
            let second = talk.client(user: "admin", database: "howdah")
            second.sends("Query RELOAD")
            talk.disconnect(second, reason: "gone")
            console.sends("Query RELOAD")
            talk.engine.reloadEnded(number: 1, .applied(notices: []))
            console.getsNothing()
            talk.engine.reloadEnded(number: 2, .applied(notices: []))
            console.gets("Complete RELOAD", "Ready I")
        }
    }

    @Test("SHOW CONFIG tells what was listed last")
    func config() {
        converseWithConsole { talk, console in
            for value in ["1", "2"] {
                talk.engine.settingsListed([
                    ListedSetting(key: "pool_size", value: value, defaultValue: "20", isChangeable: true),
                    ListedSetting(key: "workers", value: "1", defaultValue: "1", isChangeable: false),
                ])
                console.sends("Query SHOW CONFIG")
                console.gets(
                    "Columns key,value,default,changeable",
                    "Row pool_size,\(value),20,yes",
                    "Row workers,1,1,no",
                    "Complete SHOW",
                    "Ready I"
                )
            }
        }
    }

    // MARK: SWITCHOVER

    @Test("SWITCHOVER: transactions end, writes wait, the control plane promotes, writes go on")
    func switchover() {
        converseWithConsole { talk, console in
            let (client, writer) = (talk.client(), talk.client())
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            console.sends("Query SWITCHOVER TO n2")
            writer.sends("Query UPDATE t SET x = 2")
            talk.pass(seconds: 1)
            writer.getsNothing()
            #expect(talk.shell.switchovers.isEmpty)
            client.sends("Query COMMIT")
            server.completes("COMMIT")
            client.gets("Complete COMMIT", "Ready I")
            talk.pass(seconds: 0.2)
            #expect(talk.shell.switchovers.map(\.to) == [2])
            // Both say that they are primaries for a while.
            talk.topologyBecomes(.up(.primary), .up(.replica), .up(.primary))
            talk.engine.switchoverEnded(failure: nil)
            talk.settle()
            console.getsNothing()
            writer.getsNothing()
            talk.topologyBecomes(.fenced(reason: "its timeline has ended"), .up(.replica), .up(.primary))
            console.gets("Complete SWITCHOVER", "Ready I")
            talk.openServers(on: 2).last { $0.received.last == "Query UPDATE t SET x = 2" }?.completes("UPDATE 1")
            writer.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("A switchover that comes to nothing: writes go on where they went")
    func switchoverFails() {
        converseWithConsole { talk, console in
            let writer = talk.client()
            console.sends("Query SWITCHOVER")
            writer.sends("Query UPDATE t SET x = 2")
            talk.pass(seconds: 0.2)
            #expect(talk.shell.switchovers.count == 1)
            let second = talk.client(user: "admin", database: "howdah")
            second.sends("Query SWITCHOVER")
            second.getsError("Error 55000 a switchover is under way", ready: "I")
            talk.engine.switchoverEnded(failure: "no right")
            console.getsError("Error 55000 the switchover came to nothing: no right", ready: "I")
            talk.server(on: 0).completes("UPDATE 1")
            writer.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("A transaction that does not end keeps a switchover from its end for half of failover_wait")
    func switchoverGivesUp() {
        converseWithConsole { talk, console in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            talk.server(on: 0).sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            console.sends("Query SWITCHOVER TO n1")
            talk.pass(seconds: 14.8)
            console.getsNothing()
            talk.pass(seconds: 0.4)
            talk.settle()
            #expect(console.received.first?.contains("transactions still ran on node n0") == true)
            console.forget()
            #expect(talk.shell.switchovers.isEmpty)
        }
    }

    @Test(
        "What cannot be switched to",
        arguments: [
            ("n0", "Error 55000 node n0 is the primary"), ("n2", "Error 55000 node n2 is no replica that is up"),
            ("n7", "Error 42704 there is no node \"n7\""),
            ("n3", "Error 55000 node n3 is drained, and would have writes wait"),
        ]
    )
    func switchoverTargets(name: String, words: String) {
        converseWithConsole(nodes: 4) { talk, console in
            talk.topologyBecomes(.up(.primary), .up(.replica), .unknown(reason: "down"), .up(.replica))
            console.sends("Query DRAIN n3")
            console.gets("Complete DRAIN", "Ready I")
            console.sends("Query SWITCHOVER TO \(name)")
            console.getsError(words, ready: "I")
        }
    }
}
