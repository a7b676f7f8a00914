import Testing

@testable import ProxyCore

/// What PREPARE and EXECUTE as SQL are to servers.
struct PreparedBySQLTests {
    private static let prepare = "Query PREPARE p AS SELECT 1"

    /// Prepares `p` on the primary.
    private func prepare(_ client: ScriptedClient) {
        client.sends(Self.prepare)
        let server = client.talk.server(on: 0)
        server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
        server.sends("Complete PREPARE", "Ready I")
        client.gets("Complete PREPARE", "Ready I")
        server.sends("Parameters", "Columns v", "Closed", "Ready I")
        client.getsNothing()
    }

    @Test("What the primary has prepared a replica is given in front of the first EXECUTE")
    func brought() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Query EXECUTE p")
            let replica = talk.server(on: 1)
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            replica.sends("Parsed", "Ready I")
            client.getsNothing()
            replica.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            client.sends("Query /* again */ EXECUTE \"p\"")
            replica.gets("Query /* again */ EXECUTE howdah_0000000001")
            replica.answers("1")
            client.forget()
        }
    }

    @Test("What comes behind a PREPARE in flight waits until it is known what it has made")
    func inFlight() {
        converse { talk in
            let client = talk.client()
            client.sends(Self.prepare, "Query EXECUTE p")
            let server = talk.server(on: 0)
            server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
            server.sends("Complete PREPARE", "Ready I", "Parameters", "Columns v")
            server.getsNothing()
            server.sends("Closed", "Ready I")
            client.gets("Complete PREPARE", "Ready I")
            talk.server(on: 1).gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            talk.server(on: 1).sends("Parsed", "Ready I")
            talk.server(on: 1).answers("1")
            client.forget()
        }
    }

    @Test("A cancel that hits what follows the PREPARE is not the client's")
    func cancelledBehind() {
        converse { talk in
            let client = talk.client()
            client.sends(Self.prepare)
            let server = talk.server(on: 0)
            server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
            server.sends("Complete PREPARE", "Ready I")
            server.sends("Error 57014 canceling statement due to user request", "Ready I")
            client.gets("Complete PREPARE", "Ready I")
            server.gets("Describe S p", "Close S p", "Sync")
            server.sends("Parameters", "Columns v", "Closed", "Ready I")
            client.sends("Query EXECUTE p")
            talk.server(on: 1).gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            talk.server(on: 1).sends("Parsed", "Ready I")
            talk.server(on: 1).answers("1")
            client.forget()
        }
    }

    @Test("A PREPARE that fails makes nothing")
    func fails() {
        converse { talk in
            let client = talk.client()
            client.sends(Self.prepare)
            let server = talk.server(on: 0)
            server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
            server.sends("Error 42P01 no such relation", "Ready I", "Error 26000 no such statement", "Ready I")
            client.gets("Error 42P01 no such relation", "Ready I")
            client.sends("Query EXECUTE p")
            server.gets("Query EXECUTE p")
            server.sends("Error 26000 prepared statement \"p\" does not exist", "Ready I")
            client.gets("Error 26000 prepared statement \"p\" does not exist", "Ready I")
        }
    }

    @Test("Where the statement cannot be prepared, that is EXECUTE's error")
    func cannotBeBrought() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Query EXECUTE p")
            let replica = talk.server(on: 1)
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            replica.sends("Error 42601 no such words", "Ready I")
            client.getsNothing()
            replica.sends("Error 26000 prepared statement \"howdah_0000000001\" does not exist", "Ready I")
            client.gets("Error 42601 no such words", "Ready I")
            client.sends("Query EXECUTE p")
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            replica.sends("Parsed", "Ready I")
            replica.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A statement that a server should have and has not is prepared anew")
    func lostBehindTheBack() throws {
        try converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Query EXECUTE p")
            let replica = talk.server(on: 1)
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            replica.sends("Parsed", "Ready I")
            replica.sends("Error 26000 prepared statement \"howdah_0000000001\" does not exist", "Ready I")
            replica.gets("Query DISCARD ALL")
            let next = try #require(talk.openServers(on: 1).last)
            next.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001")
            next.sends("Parsed", "Ready I")
            next.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("Errors have the client's name for the statement")
    func reworded() {
        converse { talk in
            let client = talk.client()
            prepare(client)
            client.sends("Query EXECUTE p(1)")
            let replica = talk.server(on: 1)
            replica.gets("Parse howdah_0000000001: SELECT 1", "Sync", "Query EXECUTE howdah_0000000001(1)")
            replica.sends("Parsed", "Ready I")
            replica.sends("Error 42601 wrong number of parameters for \"howdah_0000000001\"", "Ready I")
            client.gets("Error 42601 wrong number of parameters for \"p\"", "Ready I")
        }
    }

    @Test("A server that is lost behind the PREPARE takes nothing but the PREPARE with it")
    func lost() {
        converse { talk in
            let client = talk.client()
            client.sends(Self.prepare)
            let server = talk.server(on: 0)
            server.gets(Self.prepare, "Describe S p", "Close S p", "Sync")
            server.sends("Complete PREPARE", "Ready I")
            client.gets("Complete PREPARE", "Ready I")
            talk.disconnect(server, reason: "gone")
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
            talk.server(on: 1).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }
}
