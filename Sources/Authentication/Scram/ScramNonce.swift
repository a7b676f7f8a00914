import Bytes

/// One side's part of the nonce of a SCRAM exchange: printable ASCII without a comma (RFC 5802, section 7).
package struct ScramNonce: Sendable, Hashable {
    package let text: [UInt8]

    /// How many random bytes PostgreSQL makes a nonce of.
    package static let entropyLength = 18

    /// From random bytes, which must be fresh for each exchange; PostgreSQL takes `entropyLength` of them.
    package init(entropy: [UInt8]) {
        precondition(!entropy.isEmpty, "a SCRAM nonce needs random bytes")
        text = Base64.encode(entropy)
    }

    /// From text that is a nonce already; nil where it could not stand in a SCRAM message.
    package init?(text: [UInt8]) {
        guard Self.isValid(text) else { return nil }
        self.text = text
    }

    static func isValid(_ text: [UInt8]) -> Bool {
        !text.isEmpty && text.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") }
    }
}
