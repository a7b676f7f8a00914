import SeededRandom
import Testing

@testable import Authentication

@Suite struct CredentialStoreTests {
    static let verifier =
        "SCRAM-SHA-256$4096:R21jp1MwmHXnjIwjwPyjsQ==$4VSxQrccm85v5JjFV/j59Qs7OgK6EJLjIEmc0ydFycA="
        + ":hxgSvL//gkBGTQF/ADjqhyttzMoiXnA8vhIhy6y8HeU="

    @Test func readsEveryForm() throws {
        let content = #"""
            \#u{FEFF}; a comment with "quotes"
            # another

            "plain" "pass word"
              \#t"md5"\#t"md592393812f403d256cd07b05461479c1a" "ignored" and so is this "
            "scram" "\#(Self.verifier)" ""\#r
            "quoted ""name""" "sec""ret"""
            "special"  "user;#"
            "empty" ""
            "short" "md5isfun"
            """#
        let store = try CredentialStore(parsing: bytes(content))
        #expect(store.userCount == 7)
        #expect(store.credential(for: bytes("plain")) == .plain(secret("pass word")))
        #expect(
            store.credential(for: bytes("md5")) == .md5(try MD5Password(password: secret("pencil"), user: bytes("r")))
        )
        #expect(
            store.credential(for: bytes("scram")) == ScramVerifier(parsing: bytes(Self.verifier)).map { .scram($0) }
        )
        #expect(store.credential(for: bytes("quoted \"name\"")) == .plain(secret("sec\"ret\"")))
        #expect(store.credential(for: bytes("special")) == .plain(secret("user;#")))
        #expect(store.credential(for: bytes("empty")) == .noPassword)
        #expect(store.credential(for: bytes("short")) == .plain(secret("md5isfun")))
        #expect(store.credential(for: bytes("Plain")) == nil)
    }

    @Test(arguments: [
        ("plain \"x\"", 1, CredentialStoreError.Problem.userNotQuoted),
        ("\n\nx", 3, .userNotQuoted),
        ("\"a\"", 1, .secretMissing),
        ("\"a\" b", 1, .secretMissing),
        ("\"a\" ; \"b\"", 1, .secretMissing),
        ("\"a", 1, .quoteNotClosed),
        ("; c\n\"a\" \"b\"\"\n\"c\" \"d\"", 2, .quoteNotClosed),
        ("\"\" \"b\"", 1, .userEmpty),
        ("\"a\0\" \"b\"", 1, .zeroByte),
        ("\"a\" \"b\0\"", 1, .zeroByte),
        ("\"a\" \"SCRAM-SHA-256$4096:broken-s3cr3t\"", 1, .damagedVerifier),
        ("\"a\" \"b\"\n\n\"c\" \"d\"\n\"a\" \"e\"", 4, .duplicateUser(Array("a".utf8), firstLine: 1)),
    ])
    func namesTheLine(content: String, line: Int, problem: CredentialStoreError.Problem) {
        #expect(throws: CredentialStoreError(line: line, problem: problem)) {
            try CredentialStore(parsing: bytes(content))
        }
    }

    @Test func errorsHoldNoSecret() {
        let error = #expect(throws: CredentialStoreError.self) {
            try CredentialStore(parsing: bytes("\n\"a\" \"SCRAM-SHA-256$4096:broken-s3cr3t\""))
        }
        let description = error.map { "\($0)" } ?? ""
        #expect(description.hasPrefix("line 2: "))
        #expect(!description.contains("s3cr3t"))
        let duplicate = CredentialStoreError(line: 4, problem: .duplicateUser(bytes("bob"), firstLine: 1))
        #expect("\(duplicate)" == "line 4: user \"bob\" is already on line 1: remove one of the two")
    }

    @Test func usersAreBytes() throws {
        let store = try CredentialStore(parsing: bytes("\"\u{E9}\" \"one\"\n\"e\u{301}\" \"two\"\n"))
        #expect(store.userCount == 2)
        #expect(store.credential(for: bytes("\u{E9}")) == .plain(secret("one")))
        #expect(store.credential(for: bytes("e\u{301}")) == .plain(secret("two")))
        let raw = try CredentialStore(parsing: bytes("\"") + [0xFF] + bytes("\" \"x\""))
        #expect(raw.credential(for: [0xFF]) == .plain(secret("x")))
        #expect(raw.credential(for: [0xFE]) == nil)
    }

    @Test func theServerSecretIsTheTexts() throws {
        let one = try CredentialStore(parsing: bytes("\"a\" \"b\"\n"))
        let same = try CredentialStore(parsing: bytes("\"a\" \"b\"\n"))
        let other = try CredentialStore(parsing: bytes("\"a\" \"c\"\n"))
        #expect(one.serverSecret == same.serverSecret)
        #expect(one.serverSecret != other.serverSecret)
        #expect(one.serverSecret.bytes.count == 32)
    }

    @Test func unknownUsersAreTakenForTheCommonKind() throws {
        let plain = "\"a\" \"b\"\n\"c\" \"d\"\n"
        let scram = "\"s\" \"\(Self.verifier)\"\n"
        #expect(try CredentialStore(parsing: bytes(plain + scram)).lookup(bytes("x")).commonMethod == .md5)
        #expect(try CredentialStore(parsing: bytes(scram)).lookup(bytes("x")).commonMethod == .scram)
        #expect(CredentialStore.empty.lookup(bytes("x")) == CredentialLookup(credential: nil, commonMethod: .scram))
        #expect(CredentialStore.empty.userCount == 0)
    }

    @Test func anyBytesCanBeRead() {
        var generator = SeededGenerator(seed: 6)
        let alphabet = bytes("\"\" \n;#\\ab\r\0md5$") + [0xFF]
        for _ in 0..<20_000 {
            let content = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            do {
                let store = try CredentialStore(parsing: content)
                #expect(store.userCount <= content.count(where: { $0 == UInt8(ascii: "\n") }) + 1)
            } catch {
                #expect(error.line >= 1)
            }
        }
    }
}
