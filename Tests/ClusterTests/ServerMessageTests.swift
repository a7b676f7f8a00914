import Testing

@testable import Cluster

@Suite struct ServerMessageTests {
    @Test func aServersErrorIsTakenApart() {
        let message = ServerMessage(
            """
            connection to server at "127.0.0.1", port 5432 failed: FATAL:  28P01: password authentication failed \
            for user "m"
            LOCATION:  auth_failed, auth.c:338
            """
        )
        #expect(message.sqlState == "28P01")
        #expect(
            message.text == #"connection to server at "127.0.0.1", port 5432 failed: FATAL: "#
                + #"password authentication failed for user "m""#
        )
        #expect(!message.isRefusal)
    }

    static let refusedBoth = """
        connection to server at "::1", port 1 failed: Connection refused
        \tIs the server running on that host and accepting TCP/IP connections?
        connection to server at "127.0.0.1", port 1 failed: Connection refused
        \tIs the server running on that host and accepting TCP/IP connections?
        """

    @Test(arguments: [
        (refusedBoth, true),
        (#"connection to server on socket "/x/.s.PGSQL.1" failed: No such file or directory"#, true),
        (
            """
            connection to server at "::1", port 1 failed: Connection refused
            connection to server at "127.0.0.1", port 1 failed: timeout expired
            """, false
        ),
        ("", false),
    ])
    func onlyRefusalsAreARefusal(_ text: String, _ isRefusal: Bool) {
        #expect(ServerMessage(text).isRefusal == isRefusal)
    }

    @Test func theFailureFollowsTheSQLState() {
        func failure(_ code: String) -> ProbeFailure {
            ServerMessage("FATAL:  \(code): words").failure(user: "m\"n", database: "d")
        }
        #expect(failure("57P03") == .notAccepting("FATAL: words"))
        #expect(failure("53300") == .tooManyConnections(user: "m\"n", "FATAL: words"))
        #expect(failure("28000") == .notAdmitted(user: "m\"n", database: "d", "FATAL: words"))
        #expect(failure("3D000") == .notAdmitted(user: "m\"n", database: "d", "FATAL: words"))
        #expect(failure("42501").reason.hasSuffix(#"GRANT CONNECT ON DATABASE "d" TO "m""n""#))
        #expect(failure("57P01") == .connectionLost("FATAL: words"))
    }

    @Test(arguments: ["::::", ":  28P0", ":  28P01", "a:  28p01: b", "\n\n", "é:  28P01:é"])
    func oddTextsAreTextsOnly(_ text: String) {
        #expect(ServerMessage(text).sqlState == (text.hasSuffix("é") ? "28P01" : nil))
    }
}
