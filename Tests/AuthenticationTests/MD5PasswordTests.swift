import Testing

@testable import Authentication

@Suite struct MD5PasswordTests {
    @Test func equalsWhatPostgreSQLStores() throws {
        // PostgreSQL 15: SET password_encryption = 'md5'; CREATE ROLE r PASSWORD 'pencil'.
        let stored = bytes("md592393812f403d256cd07b05461479c1a")
        let password = try MD5Password(password: secret("pencil"), user: bytes("r"))
        #expect(password.text.bytes == stored)
        #expect(MD5Password(parsing: stored) == password)
        // An example of PgBouncer's manual: user admin, password 1234.
        #expect(
            try MD5Password(password: secret("1234"), user: bytes("admin")).text.bytes
                == bytes("md545f2603610af569b6155c45067268c6b")
        )
    }

    @Test func answersASalt() throws {
        let password = try MD5Password(password: secret("pencil"), user: bytes("r"))
        let response = try password.response(salt: 0x0102_FEFF)
        // By the words of the documentation: concat('md5', md5(concat(md5(concat(password, username)), salt))).
        let inner = try #require(Digest.md5Hex(bytes("pencilr")))
        #expect(response == bytes("md5") + (try #require(Digest.md5Hex(inner + [1, 2, 0xFE, 0xFF]))))
        #expect(try password.verifies(response: response, salt: 0x0102_FEFF))
        #expect(try !password.verifies(response: response, salt: 0x0102_FEFE))
        for index in response.indices {
            var changed = response
            changed[index] ^= 1
            #expect(try !password.verifies(response: changed, salt: 0x0102_FEFF))
        }
        #expect(try !password.verifies(response: Array(response.dropLast()), salt: 0x0102_FEFF))
        #expect(try !password.verifies(response: [], salt: 0x0102_FEFF))
    }

    @Test(arguments: [
        "", "md5", "md592393812f403d256cd07b05461479c1", "md592393812f403d256cd07b05461479c1aa",
        "md592393812F403D256CD07B05461479C1A", "md592393812f403d256cd07b05461479c1g",
        "MD592393812f403d256cd07b05461479c1a",
    ])
    func takesNothingElseForAStoredForm(text: String) {
        #expect(MD5Password(parsing: bytes(text)) == nil)
    }
}
