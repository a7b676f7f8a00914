import PostgresWire
@testable import ProxyCore
import ProxySimulation
import Testing

/// LISTEN and NOTIFY through the listening server, one step after the other.
struct NotificationTests {
    private static let comment = "Query /* Howdah listens here for its clients */ "
    private static let stay =
        "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'"

    /// A client that listens to `a`, and the two servers of the primary: the pool's, and the one that listens.
    private func listener(_ talk: Conversation) -> (ScriptedClient, pool: ScriptedServer, listening: ScriptedServer) {
        let client = talk.client()
        client.sends("Query LISTEN a")
        let pool = talk.server(on: 0)
        pool.gets("Query LISTEN a")
        pool.completes("LISTEN")
        client.gets("Complete LISTEN")
        let listening = talk.openServers(on: 0).last ?? pool
        listening.gets(Self.comment + Self.stay + ";LISTEN \"a\"")
        listening.sends("Columns set_config", "Row 0", "Complete SELECT 1", "Complete LISTEN", "Ready I")
        client.gets("Ready I")
        pool.gets("Query UNLISTEN *")
        pool.completes("UNLISTEN")
        return (client, pool, listening)
    }

    /// The server says that a process has notified.
    private func notify(_ server: ScriptedServer, from process: UInt32, _ payload: String = "", channel: String = "a") {
        var builder = MessageBuilder()
        builder.message(BackendTag.notificationResponse) { body in
            body.int32(Int32(bitPattern: process))
            body.string(channel)
            body.string(payload)
        }
        server.sends(bytes: builder.bytes)
    }

    /// From which process each notification has come that the client has got.
    private func senders(_ client: ScriptedClient) -> [UInt32] {
        client.messages.filter { $0.letter == "A" }.map { message in
            message.body[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    @Test("LISTEN is answered when the listening server listens; the server that ran it does not any longer")
    func listen() {
        converse { talk in
            let (client, _, listening) = listener(talk)
            notify(listening, from: 77)
            #expect(senders(client) == [77])
            client.gets("Notification")
            // A second client of another user shares the server, which is asked again all the same.
            let other = talk.client(user: "other")
            other.sends("Query LISTEN a")
            let pool = talk.openServers(on: 0).last ?? listening
            pool.completes("LISTEN")
            other.gets("Complete LISTEN")
            notify(listening, from: 77)
            client.gets("Notification")
            other.getsNothing()
            listening.gets(Self.comment)
            listening.sends("Empty", "Ready I")
            other.gets("Ready I")
            notify(listening, from: 77)
            client.gets("Notification")
            other.gets("Notification")
            #expect(talk.openServers(on: 0).count == 3)
        }
    }

    @Test("What a server that has run LISTEN hears itself goes nowhere")
    func servers() {
        converse { talk in
            let (client, pool, _) = listener(talk)
            client.sends("Query UPDATE t SET x = 1")
            notify(pool, from: 77)
            pool.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("A notification comes only between replies, and never in a transaction", arguments: [1, 7, Int.max])
    func inBetween(chunk: Int) {
        converse { talk in
            let (client, pool, listening) = listener(talk)
            talk.chunk = chunk
            client.sends("Query SELECT 1")
            let replica = talk.server(on: 1)
            replica.sends("Columns v", "Row 1")
            notify(listening, from: 77)
            client.gets("Columns v", "Row 1")
            replica.sends("Complete SELECT 1", "Ready I")
            client.gets("Complete SELECT 1", "Notification", "Ready I")
            client.sends("Query BEGIN")
            client.gets("Complete BEGIN", "Ready T")
            notify(listening, from: 77)
            client.getsNothing()
            client.sends("Query COMMIT")
            client.gets("Complete COMMIT", "Notification", "Ready I")
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            pool.forget()
            pool.completes("BEGIN", "T")
            pool.completes("UPDATE 1", "T")
            notify(listening, from: 77)
            notify(listening, from: 78)
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.sends("Query ROLLBACK")
            pool.completes("ROLLBACK")
            #expect(senders(client) == [77, 78])
            client.gets("Complete ROLLBACK", "Notification", "Notification", "Ready I")
        }
    }

    @Test("Notifications that have waited are not for a client that has stopped to listen")
    func unlisten() {
        converse { talk in
            let (client, pool, listening) = listener(talk)
            client.sends("Query BEGIN", "Query UNLISTEN a")
            pool.forget()
            pool.completes("BEGIN", "T")
            pool.completes("UNLISTEN", "T")
            notify(listening, from: 77)
            client.gets("Complete BEGIN", "Ready T", "Complete UNLISTEN", "Ready T")
            client.sends("Query COMMIT")
            pool.completes("COMMIT")
            client.gets("Complete COMMIT", "Ready I")
            listening.gets(Self.comment + "UNLISTEN \"a\"")
            notify(listening, from: 77)
            client.getsNothing()
        }
    }

    // MARK: Whose it is

    @Test("A listening client's NOTIFY waits for what is in flight, and is heard in front of its own ReadyForQuery")
    func notifyBehind() {
        converse { talk in
            let (client, pool, listening) = listener(talk)
            client.sends("Query UPDATE t SET a = 1", "Query NOTIFY a")
            pool.gets("Query UPDATE t SET a = 1")
            pool.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            pool.gets("Query NOTIFY a")
            notify(listening, from: pool.processID)
            client.getsNothing()
            pool.completes("NOTIFY")
            listening.gets(Self.comment)
            listening.sends("Empty", "Ready I")
            client.gets("Complete NOTIFY", "Notification", "Ready I")
        }
    }

    @Test("A server that may have notified is handed to nobody before it is known whose notification it was")
    func fence() {
        converse(pool: { $0.size = 1 }) { talk in
            let (client, pool, listening) = listener(talk)
            let notifier = talk.client()
            let next = talk.client()
            notifier.sends("Query NOTIFY a")
            next.sends("Query UPDATE t SET x = 1")
            pool.gets("Query NOTIFY a")
            pool.completes("NOTIFY")
            notifier.gets("Complete NOTIFY")
            listening.gets(Self.comment)
            pool.getsNothing()
            notify(listening, from: pool.processID)
            #expect(senders(client) == [notifier.key?.processID])
            client.gets("Notification")
            notifier.getsNothing()
            listening.sends("Empty", "Ready I")
            notifier.gets("Ready I")
            pool.gets("Query UPDATE t SET x = 1")
            pool.completes("UPDATE 1")
            next.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("Who has notified is answered when those who listen have been told; what it sends next waits")
    func notifierWaits() {
        converse { talk in
            let (client, pool, listening) = listener(talk)
            let notifier = talk.client()
            notifier.sends("Query BEGIN", "Query NOTIFY a", "Query COMMIT", "Query SELECT 1")
            pool.sends("Complete BEGIN", "Ready T", "Complete NOTIFY", "Ready T")
            pool.completes("COMMIT")
            notifier.gets("Complete BEGIN", "Ready T", "Complete NOTIFY", "Ready T", "Complete COMMIT")
            client.getsNothing()
            notify(listening, from: pool.processID)
            listening.sends("Empty", "Ready I")
            client.gets("Notification")
            notifier.gets("Ready I")
            talk.server(on: 1).answers("1")
            notifier.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("Where nobody listens any more, or the listening server is lost, who has notified does not wait for ever")
    func notifierIsAnswered() {
        converse(options: { $0.serverConnectTimeout = 2_000_000 }) { talk in
            let (_, pool, listening) = listener(talk)
            let notifier = talk.client()
            notifier.sends("Query NOTIFY a")
            pool.completes("NOTIFY")
            notifier.gets("Complete NOTIFY")
            listening.vanishes()
            notifier.gets("Ready I")
            let next = talk.openServers(on: 0).last ?? listening
            next.sends("Columns set_config", "Row 0", "Complete SELECT 1", "Complete LISTEN", "Ready I")
            notifier.sends("Query NOTIFY a")
            pool.completes("NOTIFY")
            notifier.gets("Complete NOTIFY")
            // It says nothing any more.
            talk.pass(seconds: 4)
            notifier.gets("Ready I")
        }
    }

    @Test("One that has been told of something reads no older data")
    func readsWhatWasToldOf() {
        converse(pool: {
            $0.readYourWrites = .session
            $0.freshnessWait = 5000
        }) { talk in
            let (client, pool, listening) = listener(talk)
            let replica = NodeFreshness(
                covered: talk.shell.sampleClock.begin() + 1,
                lag: 0,
                lagBytes: 0,
                verdict: .near
            )
            talk.engine.freshnessReported(FreshnessReport(nodes: [NodeFreshness(), replica], newest: nil))
            client.sends("Query SELECT 1")
            talk.server(on: 1).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            _ = talk.shell.sampleClock.begin()
            _ = talk.shell.sampleClock.begin()
            notify(listening, from: 77)
            client.gets("Notification")
            pool.forget()
            client.sends("Query SELECT 2")
            talk.pass(seconds: 0.2)
            pool.gets("Query SELECT 2")
            pool.answers("2")
        }
    }

    @Test("What a client sends to itself comes before its ReadyForQuery, and what it sends next waits")
    func itself() {
        converse { talk in
            let (client, pool, listening) = listener(talk)
            client.sends("Query SELECT pg_notify('a', '')", "Query UPDATE t SET x = 1")
            pool.gets("Query SELECT pg_notify('a', '')")
            pool.answers("")
            client.gets("Columns v", "Row ", "Complete SELECT 1")
            pool.getsNothing()
            listening.gets(Self.comment)
            notify(listening, from: pool.processID)
            client.getsNothing()
            listening.sends("Empty", "Ready I")
            #expect(senders(client) == [client.key?.processID])
            client.gets("Notification", "Ready I")
            pool.gets("Query UPDATE t SET x = 1")
        }
    }

    @Test("One that listens and notifies in one transaction hears itself, once")
    func listenAndNotify() {
        converse { talk in
            let (_, pool, listening) = listener(talk)
            let client = talk.client()
            client.sends("Query LISTEN a; NOTIFY a")
            pool.sends("Complete LISTEN", "Complete NOTIFY")
            // Others listen to the channel already: it comes both ways.
            notify(pool, from: pool.processID)
            notify(listening, from: pool.processID)
            pool.sends("Ready I")
            listening.gets(Self.comment)
            listening.sends("Empty", "Ready I")
            #expect(senders(client) == [client.key?.processID])
            client.gets("Complete LISTEN", "Complete NOTIFY", "Notification", "Ready I")
        }
    }

    @Test("After a notification that no statement has announced every write may be one")
    func hidden() {
        converse(pool: { $0.size = 1 }) { talk in
            let (client, pool, listening) = listener(talk)
            let writer = talk.client()
            writer.sends("Query INSERT INTO t VALUES (1)")
            pool.completes("INSERT 0 1")
            listening.getsNothing()
            notify(listening, from: pool.processID)
            #expect(senders(client) == [writer.key?.processID])
            client.gets("Notification")
            pool.forget()
            writer.sends("Query INSERT INTO t VALUES (2)")
            pool.completes("INSERT 0 1")
            listening.gets(Self.comment)
            pool.gets("Query INSERT INTO t VALUES (2)")
            client.sends("Query INSERT INTO t VALUES (3)")
            pool.getsNothing()
            listening.sends("Empty", "Ready I")
            pool.gets("Query INSERT INTO t VALUES (3)")
        }
    }

    @Test("A process beside the proxy keeps its number, which no client's can be")
    func stranger() {
        converse { talk in
            let (client, _, listening) = listener(talk)
            #expect(client.key?.processID ?? 0 > 1 << 22)
            notify(listening, from: 1 << 22)
            #expect(senders(client) == [1 << 22])
            client.gets("Notification")
        }
    }

    // MARK: Loss

    @Test("A listening server that is lost is replaced at once, and the clients are told when it listens")
    func lost() {
        converse { talk in
            let (client, _, listening) = listener(talk)
            listening.vanishes()
            let next = talk.openServers(on: 0).last ?? listening
            client.getsNothing()
            next.gets(Self.comment + Self.stay + ";LISTEN \"a\"")
            next.sends("Complete LISTEN", "Ready I")
            client.gets("Notice 01000 notifications may have been lost")
            notify(next, from: 77)
            client.gets("Notification")
        }
    }

    @Test("Nobody waits for a listening server that is lost, but for LISTEN")
    func lostInRound() {
        converse(pool: { $0.size = 1 }) { talk in
            let (client, pool, listening) = listener(talk)
            client.sends("Query NOTIFY a")
            pool.completes("NOTIFY")
            client.gets("Complete NOTIFY")
            let other = talk.client()
            other.sends("Query LISTEN b")
            talk.acceptsConnections = false
            listening.vanishes()
            client.gets("Ready I")
            pool.completes("LISTEN")
            other.gets("Complete LISTEN")
            talk.acceptConnections()
            let next = talk.openServers(on: 0).last ?? listening
            next.gets(Self.comment + Self.stay + ";LISTEN \"a\";LISTEN \"b\"")
            next.sends("Complete LISTEN", "Complete LISTEN", "Ready I")
            other.gets("Ready I")
            client.gets("Notice 01000 notifications may have been lost")
        }
    }

    @Test("The listening server follows the primary")
    func moves() {
        converse { talk in
            let (client, _, listening) = listener(talk)
            talk.topologyBecomes(.unknown(reason: "down"), .up(.replica))
            #expect(!listening.isClosed)
            talk.topologyBecomes(.unknown(reason: "down"), .up(.primary))
            #expect(listening.isClosed)
            let next = talk.server(on: 1)
            next.gets(Self.comment + Self.stay + ";LISTEN \"a\"")
            next.sends("Complete LISTEN", "Ready I")
            client.gets("Notice 01000 notifications may have been lost")
            notify(next, from: 77)
            client.gets("Notification")
        }
    }

    @Test("A listening server that does not answer is given up")
    func silent() {
        converse(pool: { $0.size = 1 }) { talk in
            let (_, pool, listening) = listener(talk)
            let notifier = talk.client()
            notifier.sends("Query NOTIFY a")
            pool.completes("NOTIFY")
            notifier.sends("Query NOTIFY a")
            notifier.gets("Complete NOTIFY")
            pool.forget()
            talk.pass(seconds: 16)
            #expect(listening.isClosed)
            notifier.gets("Ready I")
            pool.gets("Query NOTIFY a")
        }
    }

    @Test("A LISTEN for which no listening server is to be had ends the connection")
    func none() {
        converse { talk in
            let client = talk.client()
            let pool = talk.server(on: 0)
            talk.acceptsConnections = false
            client.sends("Query LISTEN a")
            pool.completes("LISTEN")
            client.gets("Complete LISTEN")
            talk.refuseConnections(to: 0)
            talk.pass(seconds: 121)
            let error = client.getsError(
                "Fatal 08006 LISTEN took no effect: no server that listens was to be had within query_wait_timeout"
            )
            #expect(error?.field("D")?.hasPrefix("The last connection to a server failed: ") == true)
            #expect(client.isClosed)
        }
    }

    @Test("Clients that leave at any moment leave nothing behind")
    func leave() {
        for moment in 0..<4 {
            converse { talk in
                let client = talk.client()
                client.sends("Query LISTEN a")
                if moment == 0 { return client.vanishes() }
                let pool = talk.server(on: 0)
                pool.completes("LISTEN")
                if moment == 1 { return client.vanishes() }
                let listening = talk.openServers(on: 0).last ?? pool
                listening.sends("Complete LISTEN", "Ready I")
                listening.forget()
                if moment == 2 { client.sends("Query NOTIFY a") }
                client.vanishes()
                if moment == 3 { listening.gets(Self.comment + "UNLISTEN \"a\"") }
            }
        }
    }

    // MARK: Bounds

    @Test("More notifications than notification_queue end the connection", arguments: [true, false])
    func queue(isInTransaction: Bool) {
        converse(options: { $0.notificationQueue = 4096 }) { talk in
            let (client, _, listening) = listener(talk)
            if isInTransaction {
                client.sends("Query BEGIN")
                client.forget()
            } else {
                talk.engine.backlogged(client.link.token)
            }
            let payload = String(repeating: "x", count: 1000)
            for _ in 0..<3 { notify(listening, from: 77, payload) }
            client.getsNothing()
            notify(listening, from: 77, payload)
            let error = client.getsError("Fatal 53400 too many notifications wait for this client")
            #expect(error?.field("H")?.contains("notification_queue") == true)
        }
    }

    @Test("Channels count against it, too")
    func channels() {
        converse(options: { $0.notificationQueue = 4096 }) { talk in
            let client = talk.client()
            client.sends("Query " + (0..<40).map { "LISTEN c\($0)" }.joined(separator: ";"))
            let pool = talk.server(on: 0)
            for _ in 0..<40 { pool.sends("Complete LISTEN") }
            client.forget()
            pool.sends("Ready I")
            client.getsError("Fatal 53400 too many notifications wait for this client")
        }
    }
}
