import SeededRandom
import Testing

@testable import Authentication

@Suite struct SaslPrepTests {
    /// RFC 4013, section 3, and what PostgreSQL makes of the rest.
    @Test(arguments: [
        ("I\u{AD}X", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u{AA}", "a"),
        ("\u{2168}", "IX"),
        // Prohibited, or of mixed direction: used as it is.
        ("\u{07}", "\u{07}"),
        ("\u{627}\u{31}", "\u{627}\u{31}"),
        ("\u{627}\u{31}\u{628}", "\u{627}\u{31}\u{628}"),
        ("a\u{5D0}", "a\u{5D0}"),
        // All of it maps to nothing.
        ("\u{AD}", "\u{AD}"),
        ("\u{A0}x\u{3000}", " x "),
        ("pa\u{308}ss", "p\u{E4}ss"),
        // The longest expansion that there is.
        (
            "\u{FDFA}",
            "\u{635}\u{644}\u{649} \u{627}\u{644}\u{644}\u{647} \u{639}\u{644}\u{64A}\u{647} \u{648}\u{633}\u{644}\u{645}"
        ),
        // Checked before it is normalised: afterwards the first would pass and the second would not.
        ("\u{340}x", "\u{340}x"),
        ("\u{2135}a", "\u{5D0}a"),
        // Not assigned in Unicode 3.2.
        ("\u{1F600}", "\u{1F600}"),
    ])
    func prepares(password: String, prepared: String) {
        #expect(SaslPrep.prepare(bytes(password)) == bytes(prepared))
    }

    @Test(
        arguments: [[0xFF, 0xFE], [0x61, 0xC3], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF4, 0x90, 0x80, 0x80], []]
            as [[UInt8]]
    )
    func leavesWhatIsNotUTF8(password: [UInt8]) {
        #expect(SaslPrep.prepare(password) == password)
    }

    @Test func anyBytesCanBePrepared() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<5_000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &generator)) {
                    scalars.append(scalar)
                }
            }
            let password = bytes(String(scalars))
            let prepared = SaslPrep.prepare(password)
            #expect(String(validating: prepared, as: UTF8.self) != nil)
            #expect(prepared.isEmpty == password.isEmpty)
        }
    }
}
