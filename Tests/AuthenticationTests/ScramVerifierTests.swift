import SeededRandom
import Testing

@testable import Authentication

@Suite struct ScramVerifierTests {
    /// Passwords and what PostgreSQL 15 has stored for them in pg_authid: plain and accented, normalised and not,
    /// prohibited ones and some that are not UTF-8.
    @Test(
        arguments: [
            (
                [0x70, 0x65, 0x6E, 0x63, 0x69, 0x6C],
                "SCRAM-SHA-256$4096:R21jp1MwmHXnjIwjwPyjsQ==$"
                    + "4VSxQrccm85v5JjFV/j59Qs7OgK6EJLjIEmc0ydFycA=:hxgSvL//gkBGTQF/ADjqhyttzMoiXnA8vhIhy6y8HeU="
            ),
            (
                [0xD0, 0xBF, 0xD0, 0xB0, 0xD1, 0x80, 0xD0, 0xBE, 0xD0, 0xBB, 0xD1, 0x8C],
                "SCRAM-SHA-256$4096:Mpqh4qcf6De+0a6cucr1cA==$"
                    + "xSBnuIX9+DVTh9N80FKLJ40e2vSp3NdkgcjTLsYX3rw=:e6MRNGTgQNBdIZjFR4fe6k2fQssSlqZ01hLJDPe0r/o="
            ),
            (
                [0x70, 0x61, 0xCC, 0x88, 0x73, 0x73, 0x77, 0x6F, 0xCC, 0x88, 0x72, 0x64],
                "SCRAM-SHA-256$4096:Vi2TmBmL4LpWuGC7/JQQ6g==$"
                    + "GgSvuo4Dtp0zpjgqZ7kHk2WX6T8258G7VB1Fe8NSWGM=:OnLIsYV4yOCURYVmdQyZu8Hzyd8A1bOoTzWgwXRboDI="
            ),
            (
                [0x49, 0xC2, 0xAD, 0x58],
                "SCRAM-SHA-256$4096:V9aU0ffRMTnlpmGWjmMtwg==$"
                    + "xZAiJpWZWEb68ygGSOXNje4pGfbkMzR4MlsajuI4tiw=:NWkEG6zhe4c46RTTUoGUIT4QEFz/R/Zz2TDCjHHpHXg="
            ),
            (
                [0xC2, 0xAD],
                "SCRAM-SHA-256$4096:bJyeTEdDg59ALZgUx/PA2A==$"
                    + "aCXkQRp09P0qeMRJdNXAW5Serx1pwLwUVlDewWj+dA0=:jgGno/vxlvDr1Gq2LWWYxSoJ/gSIV/6uOIMIJm49Ik4="
            ),
            (
                [0xC2, 0xA0, 0x78, 0xE3, 0x80, 0x80, 0x79],
                "SCRAM-SHA-256$4096:yWEvHvvkAHHDOA/UPXJ3lw==$"
                    + "4pZ7uM8R0WZga9tGfFVdYmQqL9nz0+RDYqNjanjz5hs=:b5BapumIA0I/snPOPLC4GJcGOAG3M2Adu4zvMdOBLRE="
            ),
            (
                [0xE2, 0x84, 0xB5, 0x61],
                "SCRAM-SHA-256$4096:/dWllGQ7gAUNUEwRbBzVmg==$"
                    + "WeDGjooSBREXePDnHu5ys7Jx4TIxNPnDsmqvbyXr7wo=:TC5WcQqdemGSGFG6z/vE9Mdq9eRYc4Su2J13zBCSqIQ="
            ),
            (
                [0xD8, 0xA7, 0x31],
                "SCRAM-SHA-256$4096:VD8gzNEzClKWt8QXdOtJCQ==$"
                    + "yjSFMV/9ToehzaGZgirmBpWmUAo8YPahbMEudmvmbg4=:3kIp0fjDCQSCk6G1viIHhCb6tbKcw3Qg5Ncxiy1tXH8="
            ),
            (
                [0xCD, 0x80, 0x78],
                "SCRAM-SHA-256$4096:ncZzLCKmYpvlVRXajxe3Nw==$"
                    + "KQson8oUdfe3cLqVuM1sSGr2LyF6sZC9IfQ+8RKSdCk=:4LDDmTBsh1bQoJK1h+cJXZ3PBTpsf5kxDflrlD+jrJU="
            ),
            (
                [0xC8, 0xA1],
                "SCRAM-SHA-256$4096:IE8E3Jg4uv0tUhYZpPYbag==$"
                    + "5EKcsbt+/7xJ9Dctp9v1FKfWxF6fzhkS2/aD+p6TCGc=:zEcjuceefHnRysKdic57rV1/5ZbccISiNIEVwCHrDRQ="
            ),
            (
                [0xEF, 0xB7, 0xBA],
                "SCRAM-SHA-256$4096:F4pCTFmwQKL2u/lJQEdMVw==$"
                    + "vuRKGrlW+qAnDAgTe4M2KiIDNNBWCyxALkW4rzJk6Ok=:J8LNfAJCq/16uEneOiWoWEySKUO1PCE3A4XC4YWrK+o="
            ),
            (
                [0x74, 0x61, 0x62, 0x09, 0x68, 0x65, 0x72, 0x65],
                "SCRAM-SHA-256$4096:Vr3yWIcyS5L3QBRiI98JfA==$"
                    + "0G7DCNdm9mIDWyDNE5WetMsYeu+oDFfNTnjA8Q7Nx2o=:ErFUZMQ5vAmW00lweBNqY7zmhU/SdVBKW6ilZXPzMDI="
            ),
            (
                [0xFF, 0xFE],
                "SCRAM-SHA-256$4096:/Wqf1M0Nlibh6xpgFAkksg==$"
                    + "e2YIC34k0AnSxPKQf6t45EVukXcGZ4DzuAG9KSQasVk=:/P8Cc8fbchx4EQMv3jZTsePzFqoyEr6wLqBk/p9R91M="
            ),
            (
                [0x61, 0x62, 0x63, 0xC3],
                "SCRAM-SHA-256$4096:02kwVUVQwaJ2E398SjDtBQ==$"
                    + "X/7Mwn0i7Ex7HRAPFYgeQcXa0wM3sOa/gduNfaaHARk=:ngstomDY/5trWKNsSYJ8QLGcC0WRQOZkoDBOhWITDcQ="
            ),
        ] as [([UInt8], String)]
    )
    func equalsWhatPostgreSQLStores(password: [UInt8], stored: String) throws {
        let verifier = try #require(ScramVerifier(parsing: bytes(stored)))
        #expect(text(verifier.text.bytes) == stored)
        #expect(verifier.iterations == 4096)
        #expect(verifier.salt.count == ScramVerifier.defaultSaltLength)
        #expect(ScramVerifier(password: Secret(password), salt: verifier.salt) == verifier)
        #expect(ScramVerifier(password: Secret(password + [0x21]), salt: verifier.salt) != verifier)
    }

    @Test func readsWhatItWrites() throws {
        var generator = SeededGenerator(seed: 2)
        for iterations: Int32 in [1, 2, 4096, Int32.max] {
            let keys = ScramVerifier(
                storedKey: Secret(generator.bytes(32)),
                serverKey: Secret(generator.bytes(32)),
                salt: generator.bytes(1 + Int(iterations % 20)),
                iterations: iterations
            )
            #expect(ScramVerifier(parsing: keys.text.bytes) == keys)
        }
    }

    static let key = "4VSxQrccm85v5JjFV/j59Qs7OgK6EJLjIEmc0ydFycA="

    @Test(arguments: [
        "", "SCRAM-SHA-256", "SCRAM-SHA-256$", "SCRAM-SHA-256$4096:AAAA$\(key)",
        "SCRAM-SHA-256$4096:AAAA:\(key):\(key)",
        "SCRAM-SHA-1$4096:AAAA$\(key):\(key)", "scram-sha-256$4096:AAAA$\(key):\(key)",
        "SCRAM-SHA-256$0:AAAA$\(key):\(key)", "SCRAM-SHA-256$-1:AAAA$\(key):\(key)",
        "SCRAM-SHA-256$+1:AAAA$\(key):\(key)", "SCRAM-SHA-256$04096:AAAA$\(key):\(key)",
        "SCRAM-SHA-256$2147483648:AAAA$\(key):\(key)", "SCRAM-SHA-256$ 1:AAAA$\(key):\(key)",
        "SCRAM-SHA-256$1:$\(key):\(key)", "SCRAM-SHA-256$1:AAA$\(key):\(key)", "SCRAM-SHA-256$1:AAAA$AAAA:\(key)",
        "SCRAM-SHA-256$1:AAAA$\(key):AAAA", "SCRAM-SHA-256$1:AAAA$\(key):\(key) ",
        "SCRAM-SHA-256$1:AAAA$\(key):\(key):",
        "SCRAM-SHA-256$1:AAAA$\(key):\(key)$",
    ])
    func refusesAllElse(stored: String) {
        #expect(ScramVerifier(parsing: bytes(stored)) == nil)
    }

    @Test func aWholeVerifierIsTaken() {
        #expect(ScramVerifier(parsing: bytes("SCRAM-SHA-256$1:AAAA$\(Self.key):\(Self.key)")) != nil)
    }
}
