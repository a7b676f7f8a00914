import SeededRandom
import Testing

@testable import Bytes

@Suite struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func testVectors(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == Array(encoded.utf8))
        #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test func decodesWhatItEncodes() {
        var generator = SeededGenerator(seed: 1)
        for length in 0..<200 {
            let plain = generator.bytes(length)
            #expect(Base64.decode(Base64.encode(plain)) == plain)
        }
        let all = (0...255).map(UInt8.init)
        #expect(Base64.decode(Base64.encode(all)) == all)
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zm9v=", "Zm 9", "Zm9v\n", " Zg==", "Zm9-", "Zm9_", "Zg==Zg==",
        "Zh==", "Zm9=", "Zm\0v", "Zé=",
    ])
    func refusesAllButTheOneForm(encoded: String) {
        #expect(Base64.decode(Array(encoded.utf8)) == nil)
    }
}
