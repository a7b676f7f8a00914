import PostgresWire
import ProxyCore
import ProxySimulation
import Testing

/// What a client has sent in full before it leaves is carried out, however it leaves.
struct EndOfInputTests {
    /// How a client leaves.
    enum Farewell: CaseIterable {
        case terminates
        case endsSending
        case terminatesAndEnds
        case terminatesAndVanishes
        case vanishes

        var saysTerminate: Bool {
            switch self {
            case .terminates, .terminatesAndEnds, .terminatesAndVanishes: true
            case .endsSending, .vanishes: false
            }
        }

        /// Whether it still reads.
        var reads: Bool {
            switch self {
            case .terminates, .endsSending, .terminatesAndEnds: true
            case .terminatesAndVanishes, .vanishes: false
            }
        }
    }

    /// Sends all of it in one piece, and leaves.
    private func leave(_ client: ScriptedClient, _ farewell: Farewell, after words: String...) {
        let all = words + (farewell.saysTerminate ? ["Terminate"] : [])
        client.sends(bytes: all.flatMap { WireMessage(frontend: $0).bytes })
        switch farewell {
        case .terminates: break
        case .endsSending, .terminatesAndEnds: client.endsSending()
        case .vanishes, .terminatesAndVanishes: client.vanishes()
        }
    }

    @Test("A write in front of the end is carried out, answered, and its server kept", arguments: Farewell.allCases)
    func write(_ farewell: Farewell) {
        converse { talk in
            let client = talk.client()
            leave(client, farewell, after: "Query INSERT INTO t VALUES (1)")
            let server = talk.server(on: 0)
            server.gets("Query INSERT INTO t VALUES (1)")
            if farewell != .vanishes, farewell != .terminatesAndVanishes { #expect(!client.isClosed) }
            server.completes("INSERT 0 1")
            if farewell.reads { client.gets("Complete INSERT 0 1", "Ready I") }
            talk.settle()
            #expect(talk.cancels.isEmpty)
            #expect(talk.engine.inspect().clients == 0)
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("COMMIT behind what is still running is carried out", arguments: Farewell.allCases)
    func commit(_ farewell: Farewell) {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query INSERT INTO t VALUES (1)")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete INSERT 0 1", "Ready T")
            server.forget()
            leave(client, farewell, after: "Query SELECT pg_sleep(1)", "Query COMMIT")
            server.answers("", "T")
            server.gets("Query SELECT pg_sleep(1)", "Query COMMIT")
            server.completes("COMMIT")
            #expect(talk.cancels.isEmpty)
            #expect(talk.engine.inspect().clients == 0)
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("So is what waits for a server", arguments: Farewell.allCases)
    func waiting(_ farewell: Farewell) {
        converse(pool: { $0.size = 1 }) { talk in
            let other = talk.client()
            let client = talk.client()
            other.sends("Query UPDATE t SET x = 1")
            leave(client, farewell, after: "Query UPDATE t SET x = 2", "Query UPDATE t SET x = 3")
            let server = talk.server(on: 0)
            server.completes("UPDATE 1")
            server.gets("Query UPDATE t SET x = 1", "Query UPDATE t SET x = 2", "Query UPDATE t SET x = 3")
            server.sends("Complete UPDATE 1", "Ready I", "Complete UPDATE 1", "Ready I")
            other.gets("Complete UPDATE 1", "Ready I")
            if farewell.reads {
                client.gets("Complete UPDATE 1", "Ready I", "Complete UPDATE 1", "Ready I")
            }
            talk.settle()
            #expect(talk.engine.inspect().clients == 1)
        }
    }

    @Test("So is what was sent behind the log-in, which waits for a server", arguments: Farewell.allCases)
    func duringLogin(_ farewell: Farewell) {
        converse { talk in
            talk.letsIn = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "app")])
            leave(client, farewell, after: "Query INSERT INTO t VALUES (1)")
            let server = talk.server(on: 0)
            server.letIn()
            server.gets("Query INSERT INTO t VALUES (1)")
            server.completes("INSERT 0 1")
            if farewell.reads {
                talk.settle()
                #expect(client.received.suffix(2) == ["Complete INSERT 0 1", "Ready I"])
            }
            #expect(talk.engine.inspect().clients == 0)
        }
    }

    @Test(
        "A statement whose server is lost is not sent again, and the client that reads is told",
        arguments: Farewell.allCases
    )
    func lostServer(_ farewell: Farewell) {
        converse { talk in
            let client = talk.client()
            leave(client, farewell, after: "Query INSERT INTO t VALUES (1)", "Query INSERT INTO t VALUES (2)")
            let server = talk.server(on: 0)
            server.forget()
            server.vanishes()
            if farewell.reads {
                talk.settle()
                #expect(client.received.count == 4)
                #expect(client.received.first?.hasPrefix("Error 08007") == true)
            }
            talk.settle()
            #expect(talk.engine.inspect().clients == 0)
            for server in talk.openServers(on: 0) { server.getsNothing() }
        }
    }

    @Test("A transaction that is left open is rolled back", arguments: Farewell.allCases)
    func openTransaction(_ farewell: Farewell) {
        converse { talk in
            let client = talk.client()
            leave(client, farewell, after: "Query BEGIN", "Query INSERT INTO t VALUES (1)")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete INSERT 0 1", "Ready T")
            server.gets("Query BEGIN", "Query INSERT INTO t VALUES (1)", "Query ROLLBACK")
            server.completes("ROLLBACK")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("Half a message is not sent, and what is in front of it is carried out", arguments: [false, true])
    func halfMessage(isLong: Bool) {
        converse(options: { if isLong { $0.statementTextLimit = 100 } }) { talk in
            let client = talk.client()
            let text = "INSERT INTO t VALUES ('" + String(repeating: "x", count: 500) + "')"
            let half = WireMessage(frontend: "Query " + text)
            client.sends(bytes: WireMessage(frontend: "Query UPDATE t SET x = 1").bytes + half.bytes[..<300])
            client.endsSending()
            let server = talk.server(on: 0)
            server.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            #expect(client.isClosed)
            if isLong {
                // It was on its way: the connection ends in the middle of it.
                #expect(server.isClosed)
            } else {
                server.gets("Query UPDATE t SET x = 1")
            }
        }
    }

    @Test("A batch without its Sync reaches the server, which rolls it back at Terminate", arguments: Farewell.allCases)
    func withoutSync(_ farewell: Farewell) {
        converse { talk in
            let client = talk.client()
            leave(
                client,
                farewell,
                after: "Query UPDATE t SET x = 1",
                "Parse : CALL p()",
                "Bind <- ()",
                "Execute"
            )
            let server = talk.server(on: 0)
            server.completes("UPDATE 1")
            talk.settle()
            #expect(server.received.first == "Query UPDATE t SET x = 1")
            #expect(server.received.suffix(2) == ["Execute", "Terminate"])
            #expect(server.isClosed)
            #expect(talk.engine.inspect().clients == 0)
        }
    }

    @Test("COPY that was ended is carried out; half of one is not", arguments: Farewell.allCases, [true, false])
    func copy(_ farewell: Farewell, isEnded: Bool) {
        for comesLate in [true, false] {
            converse { talk in
                let client = talk.client()
                if comesLate {
                    if isEnded {
                        leave(client, farewell, after: "Query COPY t FROM STDIN", "CopyData 1\n", "CopyDone")
                    } else {
                        leave(client, farewell, after: "Query COPY t FROM STDIN", "CopyData 1\n")
                    }
                    talk.server(on: 0).sends("CopyIn")
                } else {
                    client.sends("Query COPY t FROM STDIN")
                    talk.server(on: 0).sends("CopyIn")
                    if isEnded {
                        leave(client, farewell, after: "CopyData 1\n", "CopyDone")
                    } else {
                        leave(client, farewell, after: "CopyData 1\n")
                    }
                }
                guard let server = talk.servers.first(where: { $0.node == 0 }) else { return }
                if isEnded {
                    server.gets("Query COPY t FROM STDIN", "CopyData 1\n", "CopyDone")
                    server.completes("COPY 1")
                    if farewell.reads { client.gets("CopyIn", "Complete COPY 1", "Ready I") }
                    talk.settle()
                    #expect(talk.engine.inspect().idleServers == 1)
                } else {
                    talk.settle()
                    #expect(server.isClosed)
                }
                #expect(talk.engine.inspect().clients == 0)
            }
        }
    }

    @Test(
        "A read is finished for one that reads, and cancelled for one whose connection is gone",
        arguments: Farewell.allCases
    )
    func read(_ farewell: Farewell) {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            talk.server(on: 1).answers("1")
            client.forget()
            let server = talk.server(on: 1)
            leave(client, farewell, after: "Query SELECT pg_sleep(100)")
            switch farewell {
            case .terminates, .endsSending, .terminatesAndEnds:
                server.answers("")
                client.gets("Columns v", "Row ", "Complete SELECT 1", "Ready I")
                #expect(client.isClosed)
                #expect(talk.cancels.isEmpty)
            case .vanishes:
                talk.settle()
                #expect(talk.cancels.first?.asks(for: server) == true)
                #expect(server.isClosed)
                #expect(talk.engine.inspect().clients == 0)
            case .terminatesAndVanishes:
                // Terminate says that it has gone of its own will: like any message it has its turn.
                server.answers("")
                #expect(talk.engine.inspect().clients == 0)
            }
        }
    }

    @Test("One that has ended its sending and breaks then: its read is cancelled, its write is not")
    func breaksLater() {
        converse { talk in
            let reader = talk.client()
            leave(reader, .endsSending, after: "Query SELECT pg_sleep(100)")
            let writer = talk.client()
            leave(writer, .endsSending, after: "Query UPDATE t SET x = 1")
            let (replica, primary) = (talk.server(on: 1), talk.server(on: 0))
            reader.vanishes()
            writer.vanishes()
            talk.settle()
            #expect(replica.isClosed)
            #expect(talk.cancels.count == 1)
            #expect(talk.cancels.first?.asks(for: replica) == true)
            primary.completes("UPDATE 1")
            #expect(talk.engine.inspect().clients == 0)
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("One that reads is sent what it knows while its read takes long, so that a reset tells of one that has gone")
    func probed() {
        for isArmed in [true, false] {
            converse { talk in
                let client = talk.client()
                leave(client, .endsSending, after: "Query SELECT pg_sleep(100)")
                let server = talk.server(on: 1)
                if !isArmed { server.sends("Columns v", "Row 1") }
                talk.pass(seconds: 1.5)
                if !isArmed { client.gets("Columns v", "Row 1", "Parameter server_version=17.0") }
                if isArmed { client.gets("Parameter server_version=17.0") }
                client.vanishes()
                talk.settle()
                #expect(talk.cancels.first?.asks(for: server) == true)
            }
        }
    }

    @Test("Behind a client that does not read its server does not stand still once its connection is gone")
    func backlogged() {
        converse { talk in
            let client = talk.client()
            client.reads = false
            talk.shell.highWater = 10
            talk.shell.lowWater = 5
            client.sends("Query UPDATE t SET x = 1 RETURNING x")
            let server = talk.server(on: 0)
            server.sends("Columns x", "Row " + String(repeating: "x", count: 1000))
            #expect(server.link.isPaused)
            client.sends("Query UPDATE t SET x = 2")
            client.vanishes()
            #expect(!server.link.isPaused)
            server.sends("Complete UPDATE 1", "Ready I")
            server.gets("Query UPDATE t SET x = 1 RETURNING x", "Query UPDATE t SET x = 2")
            server.completes("UPDATE 1")
            #expect(talk.engine.inspect().clients == 0)
        }
    }

    @Test("A second try is made for one that has ended its sending")
    func secondTry() {
        converse { talk in
            let client = talk.client()
            leave(client, .endsSending, after: "Query SELECT f()")
            if let replica = talk.openServers(on: 1).first {
                replica.sends("Error 25006 cannot execute INSERT in a read-only transaction", "Ready I")
            }
            talk.server(on: 0).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            #expect(client.isClosed)
        }
    }

    @Test("Nothing was sent, or all is answered: the end of the stream is the end")
    func idle() {
        converse { talk in
            let silent = talk.connect()
            silent.endsSending()
            #expect(silent.isClosed)
            let client = talk.client()
            client.sends("Query BEGIN")
            client.endsSending()
            client.gets("Complete BEGIN", "Ready T")
            #expect(client.isClosed)
            #expect(talk.engine.inspect().clients == 0)
        }
    }
}
