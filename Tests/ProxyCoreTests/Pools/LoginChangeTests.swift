@testable import ProxyCore
import Testing

/// Roles and databases that change while clients are connected.
struct LoginChangeTests {
    private func run(_ client: ScriptedClient, _ text: String, on server: ScriptedServer, _ tag: String) {
        server.forget()
        client.sends("Query " + text)
        server.gets("Query " + text)
        server.completes(tag)
        client.gets("Complete " + tag, "Ready I")
    }

    @Test("What a change concerns")
    func concerns() {
        let change = LoginChange(roles: ["a"], databases: ["d"])
        #expect(change.concerns(role: "a", database: "x"))
        #expect(change.concerns(role: "x", database: "d"))
        #expect(!change.concerns(role: "x", database: "x"))
        #expect(LoginChange.all.concerns(role: "x", database: "x"))
        var both = change
        both.add(LoginChange(roles: ["b"], databases: []))
        #expect(both.concerns(role: "b", database: "x") && both.concerns(role: "a", database: "x"))
    }

    @Test(
        "A statement that changes log-ins: new clients get servers that log in after it, old ones keep theirs",
        arguments: [
            "ALTER ROLE app SET work_mem = '7MB'", "ALTER ROLE ALL SET work_mem = '7MB'",
            "ALTER DATABASE app SET TimeZone = 'Asia/Tokyo'", "ALTER ROLE app NOLOGIN", "ALTER USER app PASSWORD 'x'",
            "REVOKE CONNECT ON DATABASE app FROM public", "DROP ROLE app",
        ]
    )
    func byStatement(text: String) {
        converse { talk in
            let old = talk.client()
            let admin = talk.client(user: "admin", database: "postgres")
            let first = talk.openServers(on: 0).first { $0.startup["user"] == "app" }
            guard let first, let own = talk.openServers(on: 0).first(where: { $0.startup["user"] == "admin" }) else {
                Issue.record("no servers")
                return
            }
            run(admin, text, on: own, "ALTER ROLE")
            // What it is told of its session is the new server's word.
            let new = talk.connect()
            new.sendsStartup(.v3_0, [("user", "app"), ("database", "app")])
            let second = talk.openServers(on: 0).last { $0.startup["user"] == "app" && $0 !== first }
            #expect(new.received.last == "Ready I")
            new.forget()
            guard let second else {
                Issue.record("no server was opened")
                return
            }
            run(new, "UPDATE t SET x = 1", on: second, "UPDATE 1")
            run(old, "UPDATE t SET x = 1", on: first, "UPDATE 1")
            old.vanishes()
            talk.pass(seconds: 1.1)
            first.forget()
            #expect(first.isClosed)
            #expect(!second.isClosed)
        }
    }

    @Test("A statement that fails, or stands in a transaction that has not been committed, changes nothing")
    func notYet() {
        converse { talk in
            let client = talk.client()
            let server = talk.server(on: 0)
            client.sends("Query ALTER ROLE app SET work_mem = '7MB'")
            server.sends("Error 42501 permission denied", "Ready I")
            client.forget()
            _ = talk.client()
            client.sends("Query BEGIN", "Query ALTER ROLE app SET work_mem = '7MB'")
            server.sends("Complete BEGIN", "Ready T", "Complete ALTER ROLE", "Ready T")
            client.forget()
            _ = talk.client()
            #expect(talk.openServers().count == 1)
            client.sends("Query COMMIT")
            server.completes("COMMIT")
            client.forget()
            _ = talk.client()
            #expect(talk.openServers().count == 2)
        }
    }

    @Test("A change that was made past the proxy: a client that is logging in waits for a server of after it")
    func seenOnTheNode() {
        converse { talk in
            let old = talk.client()
            old.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            talk.letsIn = false
            let new = talk.connect()
            new.sendsStartup(.v3_0, [("user", "app"), ("database", "app"), ("application_name", "x")])
            new.gets("Authentication 0")
            talk.engine.loginsChanged(LoginChange(roles: ["app"], databases: []))
            talk.settle()
            talk.openServers(on: 0).last?.sends("Fatal 28000 role \"app\" is not permitted to log in")
            new.getsError("Fatal 28000 role \"app\" is not permitted to log in")
            // The old one goes on.
            talk.servers[0].sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            old.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            talk.letsIn = true
        }
    }

    @Test("All pools of a key keep to pool_size together: a free server of an older one gives way")
    func poolSize() {
        converse(pool: { $0.size = 1 }) { talk in
            let old = talk.client()
            talk.engine.loginsChanged(.all)
            let new = talk.connect()
            new.sendsStartup(.v3_0, [("user", "app"), ("database", "app")])
            new.gets("Authentication 0")
            talk.pass(seconds: 0.3)
            #expect(new.received.last == "Ready I")
            new.forget()
            #expect(talk.servers[0].isClosed)
            #expect(talk.openServers().count == 1)
            // And back again.
            old.sends("Query UPDATE t SET x = 1")
            talk.pass(seconds: 0.3)
            talk.server(on: 0).gets("Query UPDATE t SET x = 1")
            talk.server(on: 0).completes("UPDATE 1")
            old.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("A server whose role has been dropped: the statement runs again on one that has logged in since")
    func droppedRole() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT current_user")
            let dead = talk.server(on: 1)
            let error = "Error 42704 invalid role OID: 16401 [GetUserNameFromId]"
            dead.sends(error, "Ready I")
            let anew = talk.openServers(on: 1).last { $0 !== dead }
            #expect(anew?.received == ["Query SELECT current_user"])
            anew?.answers("app")
            client.gets("Columns v", "Row app", "Complete SELECT 1", "Ready I")
            dead.forget()
            #expect(dead.isClosed)
            // The primary's server has gone as well.
            #expect(talk.servers[0].isClosed)
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("The same in what cannot be run again: the client gets the error, and its next statement another server")
    func droppedRoleOfWrite() {
        converse { talk in
            let client = talk.client()
            client.sends("Query INSERT INTO t SELECT current_user")
            let error = "Error 42704 invalid role OID: 16401 [GetUserNameFromId]"
            let dead = talk.server(on: 0)
            dead.sends(error, "Ready I")
            client.gets("Error 42704 invalid role OID: 16401", "Ready I")
            client.sends("Query INSERT INTO t SELECT current_user")
            talk.openServers(on: 0).last?.completes("INSERT 0 1")
            client.gets("Complete INSERT 0 1", "Ready I")
            dead.forget()
            #expect(dead.isClosed)
        }
    }

    @Test("A role that is gone for good: its clients are told so by the next log-in")
    func droppedForGood() {
        converse { talk in
            let client = talk.client()
            client.sends("Query INSERT INTO t SELECT current_user")
            let error = "Error 42704 invalid role OID: 16401 [GetUserNameFromId]"
            talk.server(on: 0).sends(error, "Ready I")
            client.gets("Error 42704 invalid role OID: 16401", "Ready I")
            talk.letsIn = false
            client.sends("Query INSERT INTO t SELECT current_user")
            talk.openServers(on: 0).last?.sends("Fatal 28000 role \"app\" does not exist")
            client.getsError("Error 28000 role \"app\" does not exist", ready: "I")
        }
    }

    @Test("Permission denied: it is looked at once whether log-ins have changed")
    func denied() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).sends("Error 42501 permission denied for table t", "Ready I")
            client.forget()
            #expect(talk.shell.loginsSuspected == 1)
        }
    }

    @Test("A replica that had not replayed the change when it let us in: the server is replaced once it has")
    func laggingReplica() {
        converse { talk in
            talk.engine.loginsChanged(LoginChange(roles: ["app"], databases: []))
            let client = talk.client()
            func read() -> ScriptedServer {
                client.sends("Query SELECT 1")
                let server = talk.server(on: 1)
                server.gets("Query SELECT 1")
                server.answers("1")
                client.forget()
                return server
            }
            let early = read()
            #expect(read() === early)
            let replica = NodeFreshness(covered: 9, lag: 0, lagBytes: 0, verdict: .near)
            talk.engine.freshnessReported(FreshnessReport(nodes: [NodeFreshness(), replica], newest: nil))
            talk.pass(seconds: 1.1)
            early.forget()
            #expect(early.isClosed)
            let late = read()
            talk.pass(seconds: 3)
            #expect(!late.isClosed)
        }
    }
}
