import Testing

@testable import Configuration

@Suite struct ConninfoTests {
    @Test(arguments: [
        ("host=a", ["a:5432"]), ("host=a port=1", ["a:1"]), (" host = a  port= 1 ", ["a:1"]),
        ("host=a,b port=1,2", ["a:1", "b:2"]), ("host=a,b port=7", ["a:7", "b:7"]),
        ("host=a,b port=1,", ["a:1", "b:5432"]),
        ("host=/run/postgresql", ["/run/postgresql:5432"]), ("host='/run/my db'", ["/run/my db:5432"]),
        ("host='/it\\'s' port=2", ["/it's:2"]), ("host=a hostaddr=10.0.0.1", ["10.0.0.1:5432"]),
        ("hostaddr=::1 port=3", ["[::1]:3"]), ("host=a,b hostaddr=10.0.0.1,", ["10.0.0.1:5432", "b:5432"]),
        ("host=a sslmode=prefer gssencmode=disable", ["a:5432"]),
        ("postgres://a", ["a:5432"]), ("postgresql://u:p@a:1,b:2/db", ["a:1", "b:2"]),
        ("postgres://a,b:2", ["a:5432", "b:2"]),
        ("postgres://[::1]:7,[fe80::1%25eth0]", ["[::1]:7", "[fe80::1%eth0]:5432"]),
        ("postgres://%2Frun%2Fpg:6/db", ["/run/pg:6"]), ("postgres:///db?host=/run/pg&port=6", ["/run/pg:6"]),
        ("postgres://a/?sslmode=disable", ["a:5432"]), ("postgres://u@a", ["a:5432"]),
    ])
    func findsEndpoints(text: String, expected: [String]) throws {
        let configuration = try Configuration.load(file: nil, environment: trusting, nodes: [text])
        #expect(configuration.nodes.map(\.name) == expected)
    }

    @Test(arguments: [
        "host=a user=u1 password='p w' dbname=d1 weight=7", "host=a user=u1 password=p\\ w dbname=d1 weight=7",
        "postgres://u1:p%20w@a/d1?weight=7", "postgres://a?user=u1&password=p%20w&dbname=d1&weight=7",
    ])
    func takesTheLoginForWatching(text: String) throws {
        let node = try #require(try Configuration.load(file: nil, environment: trusting, nodes: [text]).nodes.first)
        #expect(node.monitorUser == "u1")
        #expect(node.monitorPassword?.reveal() == "p w")
        #expect(node.monitorDatabase == "d1")
        #expect(node.weight == 7)
    }

    @Test(arguments: [
        ("", "it names no host; add host="), ("port=1", "it names no host; add host="),
        ("host=a,b port=1,2,3", "3 ports for 2 hosts; give one port, or one for each host"),
        ("host=a,b hostaddr=1.1.1.1", "2 items in host but 1 in hostaddr"),
        ("host=a,,b", "host number 2 is empty"),
        ("host=a port=0", "the port of host number 1 is no integer from 1 to 65535"),
        ("host=a host=b", "\"host\" is given for the second time"),
        ("host=a!b", "host number 1 holds a character that no host name or address has"),
        ("host", "expected keyword=value at character 1; a value with blanks needs quotes"),
        ("host=a x y", "expected keyword=value at character 8; a value with blanks needs quotes"),
        ("host=a =b", "expected keyword=value at character 8; a value with blanks needs quotes"),
        ("host='a", "the quote at character 6 is not closed"),
        ("host=a 'b", "expected keyword=value at character 8; a value with blanks needs quotes"),
        ("host=a hots=b", "unknown keyword \"hots\"; did you mean \"host\"?"),
        (
            "host=a sslmode=verify-full",
            "sslmode=verify-full cannot be kept: there is no TLS to nodes yet; use prefer or disable"
        ),
        ("host=a sslmode=x", "sslmode must be disable, allow or prefer"),
        ("host=a gssencmode=require", "gssencmode must be disable or prefer: GSSAPI encryption is not supported"),
        ("host=a sslrootcert=x", "sslrootcert cannot be honoured: there is no TLS to nodes yet; leave it out"),
        (
            "postgres://a?target_session_attrs=any",
            "target_session_attrs is not needed, for roles are discovered; leave it out"
        ),
        ("host=a weight=x", "weight takes an integer from 0 to 1000"),
        ("host=a user='x\u{1}'", "the value of \"user\" holds a control character"),
        ("postgres://u:pa@ss@a/db", "an \"@\" or \"/\" in the user name or password of a URI is written %40 or %2F"),
        ("postgres://u:pa/ss@a/db", "an \"@\" or \"/\" in the user name or password of a URI is written %40 or %2F"),
        ("postgres://[::1", "an IPv6 address in the URI lacks its \"]\""),
        ("postgres://[::1]x", "after the \"]\" of an IPv6 address only a port may stand"),
        ("postgres://%zz", "a \"%\" in the URI is not followed by two hexadecimal digits; itself it is %25"),
        ("postgres://a%f", "a \"%\" in the URI is not followed by two hexadecimal digits; itself it is %25"),
        ("postgres://%ff", "the URI holds what is not valid UTF-8"),
        ("postgres://a%00", "the value of \"host\" holds a control character"),
        ("postgres://a?x", "a parameter behind the \"?\" of the URI lacks its \"=\""),
    ])
    func refuses(text: String, expected: String) {
        #expect(
            problems(environment: trusting, nodes: [text])
                == ["--node (number 1): this connection string cannot be used: \(expected)"]
        )
    }

    @Test func tellsWhichNodeIsWrong() {
        #expect(
            problems(environment: trusting, nodes: ["host=a", "host=b", "host=a"]) == [
                "--node (number 3): a:5432 is a node already, as \"a:5432\""
            ]
        )
    }
}
