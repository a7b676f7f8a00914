import Testing

@testable import Authentication

@Suite struct AuthenticationMessageTests {
    /// PostgreSQL documentation, 55.7: code, then what belongs to it.
    @Test(
        arguments: [
            ([0, 0, 0, 0], AuthenticationRequest.ok),
            ([0, 0, 0, 3], .cleartext),
            ([0, 0, 0, 5, 1, 2, 3, 0xFF], .md5(salt: 0x0102_03FF)),
            (
                [0, 0, 0, 10] + bytes("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0X\0\0"),
                .sasl([.scramSHA256Plus, .scramSHA256, .other(bytes("X"))])
            ),
            ([0, 0, 0, 10, 0, 0], nil),
            ([0, 0, 0, 11] + bytes("r=x"), .saslContinue(bytes("r=x"))),
            ([0, 0, 0, 11], .saslContinue([])),
            ([0, 0, 0, 12] + bytes("v=x"), .saslFinal(bytes("v=x"))),
            ([0, 0, 0, 7], .unsupported(7)),
            ([0xFF, 0xFF, 0xFF, 0xFF], .unsupported(0xFFFF_FFFF)),
            ([], nil), ([0, 0, 0], nil), ([0, 0, 0, 0, 0], nil), ([0, 0, 0, 3, 1], nil), ([0, 0, 0, 5, 1, 2, 3], nil),
            ([0, 0, 0, 5, 1, 2, 3, 4, 5], nil), ([0, 0, 0, 10], nil), ([0, 0, 0, 10] + bytes("X"), nil),
            ([0, 0, 0, 10] + bytes("X\0"), nil), ([0, 0, 0, 10] + bytes("X\0\0Y"), nil),
            ([0, 0, 0, 10] + bytes("X\0\0Y\0\0"), nil),
        ] as [([UInt8], AuthenticationRequest?)]
    )
    func requests(body: [UInt8], request: AuthenticationRequest?) {
        #expect((try? AuthenticationRequest.decode(body: body)) == request)
        if let request { #expect(request.encodeBody() == body) }
    }

    @Test func anEmptyListOfMechanisms() throws {
        let body = AuthenticationRequest.sasl([]).encodeBody()
        #expect(body == [0, 0, 0, 10, 0])
        #expect(try AuthenticationRequest.decode(body: body) == .sasl([]))
    }

    @Test func responses() throws {
        #expect(AuthenticationResponse.password(secret("pw")).encodeBody() == bytes("pw\0"))
        #expect(
            AuthenticationResponse.saslInitial(.scramSHA256, bytes("n,,")).encodeBody()
                == bytes("SCRAM-SHA-256\0") + [0, 0, 0, 3] + bytes("n,,")
        )
        #expect(AuthenticationResponse.saslResponse(bytes("c=")).encodeBody() == bytes("c="))

        #expect(try AuthenticationResponse.decodePassword(body: bytes("pw\0")) == secret("pw"))
        for body in ["", "pw", "p\0w\0", "pw\0\0"] {
            #expect(throws: MalformedAuthenticationMessage.self) {
                try AuthenticationResponse.decodePassword(body: bytes(body))
            }
        }

        let (mechanism, data) = try AuthenticationResponse.decodeSaslInitial(body: bytes("X\0") + [0, 0, 0, 1, 65])
        #expect(mechanism == .other(bytes("X")))
        #expect(data == [65])
        let silent = try AuthenticationResponse.decodeSaslInitial(body: bytes("X\0") + [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(silent.data == nil)
        for tail: [UInt8] in [
            [], [0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1, 65, 66], [0xFF, 0xFF, 0xFF, 0xFF, 65], [0x80, 0, 0, 0],
        ] {
            #expect(throws: MalformedAuthenticationMessage.self) {
                _ = try AuthenticationResponse.decodeSaslInitial(body: bytes("X\0") + tail)
            }
        }
        #expect(throws: MalformedAuthenticationMessage.self) {
            _ = try AuthenticationResponse.decodeSaslInitial(body: bytes("SCRAM-SHA-256"))
        }
    }
}
