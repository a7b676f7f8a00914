import Testing

@testable import Authentication

@Suite struct SecretTests {
    @Test func nothingThatHoldsASecretPrintsIt() throws {
        let password = "hunter2-and-more"
        let plain = secret(password)
        let verifier = ScramVerifier(password: plain, salt: [1, 2, 3], iterations: 1)
        let request = SaltedPasswordRequest(password: plain, salt: [1, 2, 3], iterations: 1)
        let md5 = try MD5Password(password: plain, user: bytes("u"))
        let store = try CredentialStore(parsing: bytes("\"u\" \"\(password)\"\n"))
        let holders: [Any] = [
            plain, Credential.plain(plain), Credential.md5(md5), Credential.scram(verifier), verifier, verifier.text,
            request, request.derive(), ScramKeys(request.derive(), salt: [1], iterations: 1), md5, store,
            store.lookup(bytes("u")), ScramAccount.password(plain, salt: [1], iterations: 1),
            ScramSecret.password(plain),
            ServerLogin.credential(.plain(plain)), AuthenticationResponse.password(plain),
            ServerAuthenticator.Step.deriveKey(request),
        ]
        let derived = request.derive().key.bytes
        let forbidden = [
            password, text(verifier.text.bytes), text(md5.text.bytes.suffix(32)), "\(Array(password.utf8))",
            "\(verifier.storedKey.bytes)", "\(verifier.serverKey.bytes)", "\(derived)",
        ]
        for holder in holders {
            var dumped = ""
            dump(holder, to: &dumped)
            for printed in ["\(holder)", String(reflecting: holder), dumped] {
                for secret in forbidden { #expect(!printed.contains(secret)) }
                // A dump spells an array out byte by byte.
                #expect(!printed.contains("- \(password.utf8.first!)\n"))
            }
        }
    }

    @Test func comparesByBytes() {
        #expect(secret("a") == secret("a"))
        #expect(secret("a") != secret("b"))
        #expect(secret("a") != secret("ab"))
        #expect(secret("") == secret(""))
    }
}
