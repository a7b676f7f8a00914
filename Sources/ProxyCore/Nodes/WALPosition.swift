/// A place in the write-ahead log of one timeline, in bytes since its beginning ("PostgreSQL documentation, 8.20",
/// pg_lsn).
package struct WALPosition: Sendable, Hashable, Comparable, BitwiseCopyable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// From PostgreSQL's words, such as `16/B374D848`; nil where that is none.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...8).contains($0.utf8.count) }),
            parts.allSatisfy({ $0.utf8.allSatisfy(Self.isHexadecimal) }),
            let high = UInt32(parts[0], radix: 16), let low = UInt32(parts[1], radix: 16)
        else { return nil }
        rawValue = UInt64(high) << 32 | UInt64(low)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    package static func < (left: WALPosition, right: WALPosition) -> Bool { left.rawValue < right.rawValue }
}

extension WALPosition: CustomStringConvertible {
    package var description: String {
        String(rawValue >> 32, radix: 16, uppercase: true) + "/"
            + String(rawValue & 0xFFFF_FFFF, radix: 16, uppercase: true)
    }
}
