import Foundation
import Testing

@testable import Configuration

@Suite struct FileSyntaxTests {
    @Test func readsAllForms() throws {
        let configuration = try load(
            """
            \u{FEFF}# a comment
            \t[ proxy ]   # another

              LISTEN_PORT=7000 # and a third\r
            listen_addresses = 127.0.0.1, ::1
            auth_file = '/etc/o''brien #1/users'
            unix_socket_directory = ''
            [proxy]
            pool_size = 7
            [database 'my ]db']
            dbname = real
            [user app user]
            pool_mode = Session
            """
        )
        #expect(configuration.proxy.listen.port == 7000)
        #expect(configuration.proxy.listen.addresses == ["127.0.0.1", "::1"])
        #expect(configuration.proxy.authFile == "/etc/o'brien #1/users")
        #expect(configuration.proxy.listen.unixSocketDirectory == nil)
        #expect(configuration.pools.options(database: "my ]db", user: "y").databaseOnServer == "real")
        #expect(configuration.pools.options(database: "x", user: "app user").mode == .session)
        #expect(configuration.pools.options(database: "x", user: "y").size == 7)
        #expect(configuration.databaseNames == ["my ]db"])
        #expect(configuration.userNames == ["app user"])
    }

    @Test(arguments: [
        (
            "[database app]\n\n    pool_sise = 5",
            "proxy.conf:3:5: unknown setting \"pool_sise\" in [database app]; did you mean \"pool_size\"?"
        ),
        (
            "[proxy]\nlisten_addr = x",
            "proxy.conf:2:1: unknown setting \"listen_addr\" in [proxy]; did you mean \"listen_addresses\"?"
        ),
        (
            "[proxy]\ndefault_pool_size = 1",
            "proxy.conf:2:1: unknown setting \"default_pool_size\" in [proxy]; did you mean \"pool_size\"?"
        ),
        ("[proxy]\nzzz = 1", "proxy.conf:2:1: unknown setting \"zzz\" in [proxy]"),
        ("[proxy]\nhost = a", "proxy.conf:2:1: \"host\" does not belong in [proxy] but in [node NAME]"),
        ("[user u]\nworkers = 2", "proxy.conf:2:1: \"workers\" does not belong in [user u] but in [proxy]"),
        (
            "[proxy]\npool_size = many",
            "proxy.conf:2:13: \"many\" is no value of \"pool_size\", which takes an integer from 1 to 100000"
        ),
        (
            "[proxy]\npool_mode = transactoin",
            """
            proxy.conf:2:13: "transactoin" is no value of "pool_mode", which takes one of session, \
            transaction, statement; did you mean "transaction"?
            """
        ),
        (
            "[proxy]\nbuffer_memory = 1Gb",
            """
            proxy.conf:2:17: "1Gb" is no value of "buffer_memory", which takes a size from 1MB to 1024GB; the \
            unit is written "GB"
            """
        ),
        (
            "[proxy]\npool_size = 5\nPool_Size = 5",
            "proxy.conf:3:1: \"pool_size\" is set for the second time in [proxy]"
        ),
        ("[user u]\n[user u]", "proxy.conf:2:1: [user u] is here for the second time; give its settings in one place"),
        ("[databse x]", "proxy.conf:1:1: unknown section \"[databse]\"; did you mean [database NAME]?"),
        (
            "[pgbouncer]",
            """
            proxy.conf:1:1: unknown section "[pgbouncer]"; the sections are [proxy], [node NAME], [database \
            NAME], [user NAME]
            """
        ),
        ("[proxy x]", "proxy.conf:1:1: [proxy] has no name; there is one such section"),
        ("[node]", "proxy.conf:1:1: [node] needs a name: [node NAME]"),
        ("[user *]", "proxy.conf:1:1: [user *] is no user; settings for every user belong in [proxy]"),
        ("[node *]", "proxy.conf:1:1: [node *] is no node; settings for every node belong in [proxy]"),
        ("[proxy", "proxy.conf:1:7: expected \"]\" at the end of the section's header"),
        ("[proxy] x", "proxy.conf:1:9: unexpected text after the section's header"),
        ("[]", "proxy.conf:1:2: a section is [proxy], [node NAME], [database NAME] or [user NAME]"),
        ("pool_size = 5", "proxy.conf:1:1: a setting before the first section; put a line \"[proxy]\" above it"),
        ("[proxy]\npool_size 5", "proxy.conf:2:11: expected \"=\" after \"pool_size\""),
        (
            "[proxy]\npool_size =  # none",
            "proxy.conf:2:14: expected a value for \"pool_size\"; an empty one is written ''"
        ),
        ("[proxy]\n= 5", "proxy.conf:2:1: expected the name of a setting, not \"=\""),
        ("[proxy]\nauth_file = 'x", "proxy.conf:2:13: the quote that begins here is not closed on this line"),
        (
            "[proxy]\nauth_file = 'x'y",
            "proxy.conf:2:16: unexpected text after the quoted value of \"auth_file\"; a quote inside is written twice"
        ),
        (
            "[proxy]\nauth_file = x#y",
            "proxy.conf:2:14: put the value of \"auth_file\" in single quotes, or a blank before the comment"
        ),
        (
            "[proxy]\nauth_file = x'y",
            """
            proxy.conf:2:14: put the whole value of "auth_file" in single quotes, with each quote inside \
            written twice
            """
        ),
        ("[proxy]\nauth_file = 'a\u{7}b'", "proxy.conf:2:13: the value of \"auth_file\" holds a control character"),
    ])
    func tellsPlaceTextAndRemedy(text: String, expected: String) throws {
        #expect(try problems(text) == [expected])
    }

    @Test func tellsEveryProblem() throws {
        let found = try problems("[proxy]\nlisten_port = x\nworkers = 0\n[nod a]\nanything\n[user u]\nsplit = maybe")
        #expect(found.map { $0.prefix(13) } == ["proxy.conf:2:", "proxy.conf:3:", "proxy.conf:4:", "proxy.conf:7:"])
    }

    @Test func keepsTheFirstHundredProblems() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file(Array(("[proxy]\n" + String(repeating: "x\n", count: 150)).utf8))
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.load(file: file, environment: [:], nodes: [])
        }
        #expect(error.problems.count == 100)
        #expect(error.omitted == 50)
        #expect(error.description.hasSuffix("… and 50 more"))
    }

    @Test func tellsLinesThatAreNotText() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file(Array("[proxy]\nauth_file = ".utf8) + [0xFF, 0x0A])
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.load(file: file, environment: trusting, nodes: ["host=a"])
        }
        #expect(error.description == "\(file):2:1: this line is not valid UTF-8")
    }

    @Test func tellsFilesThatCannotBeRead() throws {
        let directory = try TemporaryDirectory()
        let large = try directory.file([UInt8](repeating: 0x0A, count: ConfigurationFile.sizeLimit + 1))
        let cases = [
            ("/nonexistent/proxy.conf", "cannot be read: No such file or directory"),
            (directory.path, "cannot be read: Is a directory"), (large, "cannot be read: it is larger than 4MB"),
        ]
        for (path, reason) in cases {
            let error = try #require(throws: ConfigurationError.self) {
                try Configuration.load(file: path, environment: trusting, nodes: ["host=a"])
            }
            #expect(error.description == "\(path): \(reason)")
        }
    }

    @Test func countsAuthFileFromTheFile() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file(Array("[proxy]\nauth_file = users.txt".utf8))
        let fromFile = try Configuration.load(file: file, environment: [:], nodes: ["host=a"])
        #expect(fromFile.proxy.authFile == directory.path + "/users.txt")
        let fromEnvironment = try Configuration.load(
            file: file,
            environment: ["HOWDAH_AUTH_FILE": "users.txt"],
            nodes: ["host=a"]
        )
        #expect(fromEnvironment.proxy.authFile == "users.txt")
    }
}
