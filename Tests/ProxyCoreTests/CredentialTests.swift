import Authentication
import PostgresWire
@testable import ProxyCore
import ProxySimulation
import ProxyTerms
import Testing

/// What is known of users is asked of the shell, and may come late.
struct CredentialTests {
    /// A conversation whose clients log in by MD5, with servers that trust. Nothing is found until the script says so.
    private func late(_ script: (Conversation) throws -> Void) throws {
        let store = try CredentialStore(parsing: Array("\"app\" \"secret\"\n".utf8))
        try converse { talk in
            var configuration = talk.engine.configuration
            configuration.authenticationMethod = .md5
            #expect(talk.engine.reconfigured(configuration).isEmpty)
            talk.shell.credentials = store
            talk.shell.findsCredentials = false
            try script(talk)
            talk.shell.findsCredentials = true
            talk.shell.findCredentials()
            talk.settle()
        }
    }

    private func find(_ talk: Conversation) {
        talk.shell.findCredentials()
        talk.settle()
    }

    private func comes(_ talk: Conversation, as user: String = "app") -> ScriptedClient {
        let client = talk.connect()
        client.sendsStartup(.v3_0, [("user", user), ("database", "app")])
        return client
    }

    /// The client's answer to what it has been asked.
    private func answer(_ client: ScriptedClient, password: String) throws -> [UInt8] {
        let asked = try #require(client.messages.last { $0.letter == "R" })
        let salt = asked.body[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
        let known = try MD5Password(password: Secret(Array(password.utf8)), user: Array("app".utf8))
        return message(try known.response(salt: salt) + [0])
    }

    private func message(_ password: [UInt8]) -> [UInt8] {
        var builder = MessageBuilder()
        builder.message(FrontendTag.password) { $0.raw(password) }
        return builder.bytes
    }

    @Test("A client is asked for its password once what is known of it has come, and let in", arguments: [true, false])
    func clientWaits(isRight: Bool) throws {
        try late { talk in
            let client = comes(talk)
            client.getsNothing()
            #expect(talk.shell.lookUps.map(\.user) == [Array("app".utf8)])
            find(talk)
            #expect(client.received.count == 1 && client.received[0].hasPrefix("Authentication 5"))
            client.sends(bytes: try answer(client, password: isRight ? "secret" : "guess"))
            guard isRight else {
                #expect(client.received.last?.hasPrefix("Fatal 28P01") == true)
                return
            }
            #expect(client.received.last == "Authentication 0")
            // So is what there is to log in to a server with, who is told nothing before.
            #expect(talk.openServers().allSatisfy { $0.startup.isEmpty } && !talk.openServers().isEmpty)
            find(talk)
            #expect(talk.server(on: 0).startup["user"] == "app")
            #expect(client.received.last == "Ready I")
        }
    }

    @Test("Somebody unknown is asked as anybody is, and refused")
    func unknown() throws {
        try late { talk in
            let client = comes(talk, as: "nobody")
            find(talk)
            #expect(client.received.first?.hasPrefix("Authentication 5") == true)
            client.sends(bytes: message(Array("md5".utf8) + [0]))
            #expect(client.received.last?.hasPrefix("Fatal 28P01") == true)
        }
    }

    @Test("What a client sends before it is asked is looked at when it has been")
    func early() throws {
        try late { talk in
            let client = comes(talk)
            client.sends(bytes: message(Array("guess".utf8) + [0]))
            client.getsNothing()
            find(talk)
            #expect(client.received.first?.hasPrefix("Authentication 5") == true)
            #expect(client.received.last?.hasPrefix("Fatal 28P01") == true)
        }
    }

    @Test("Much of that is not read")
    func muchTooEarly() throws {
        try late { talk in
            let client = comes(talk)
            client.sends(bytes: Array(repeating: 0x70, count: talk.engine.options.clientBufferLimit))
            #expect(client.link.isPaused)
            find(talk)
            #expect(client.received.last?.hasPrefix("Fatal 08P01") == true)
        }
    }

    @Test("Whoever has left meanwhile is not missed")
    func hasLeft() throws {
        try late { talk in
            comes(talk).vanishes()
            comes(talk).endsSending()
            #expect(talk.engine.inspect().clients == 0)
            find(talk)
            // A server that is lost before it was told anything.
            let client = comes(talk)
            find(talk)
            client.sends(bytes: try answer(client, password: "secret"))
            talk.server(on: 0).vanishes()
            find(talk)
            #expect(!client.isClosed)
            talk.pass(seconds: 1.2)
            find(talk)
            #expect(client.received.last == "Ready I")
        }
    }

    @Test("An answer counts once")
    func twice() throws {
        try late { talk in
            let client = comes(talk)
            let (token, user) = try #require(talk.shell.lookUps.first)
            find(talk)
            client.sends(bytes: try answer(client, password: "secret"))
            find(talk)
            #expect(client.received.last == "Ready I")
            client.forget()
            talk.engine.credentialFound(token, talk.shell.credentials.lookup(user), secret: Secret([]))
            client.getsNothing()
        }
    }

    @Test("client_login_timeout holds while nothing comes")
    func never() throws {
        try late { talk in
            let client = comes(talk)
            talk.pass(seconds: 62)
            client.getsError("Fatal 08P01 canceling authentication due to timeout")
        }
    }

    @Test("A server that lets in before it was told who comes is none")
    func serverTooEarly() throws {
        try late { talk in
            let client = comes(talk)
            find(talk)
            client.sends(bytes: try answer(client, password: "secret"))
            let server = talk.server(on: 0)
            server.sends("Ready I")
            #expect(server.isClosed)
            #expect(client.received.last?.hasPrefix("Fatal 08P01") == true)
        }
    }

    @Test("With trust nobody is looked up but for servers")
    func trust() {
        converse { talk in
            talk.shell.findsCredentials = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "app")])
            client.gets("Authentication 0")
            #expect(talk.shell.lookUps.count == talk.openServers().count)
            talk.shell.findsCredentials = true
            find(talk)
            #expect(client.received.last == "Ready I")
        }
    }
}
