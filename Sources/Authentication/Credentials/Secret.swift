import COpenSSL

/// Bytes that must not be seen: a password, a key, a hash that serves as one. Prints, interpolates and dumps as
/// `<secret>`; compares in a time that depends on the lengths alone.
package struct Secret: Sendable, Hashable {
    /// The bytes themselves, for computing and for sending, never for a message or a log.
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package static func == (left: Secret, right: Secret) -> Bool {
        left.bytes.count == right.bytes.count && CRYPTO_memcmp(left.bytes, right.bytes, left.bytes.count) == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
