/// A protocol version as the start-up packet carries it (PostgreSQL documentation, 55.7, StartupMessage).
package struct ProtocolVersion: Sendable, Hashable, BitwiseCopyable, Comparable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package init(major: UInt16, minor: UInt16) { rawValue = UInt32(major) << 16 | UInt32(minor) }

    package var major: UInt16 { UInt16(rawValue >> 16) }
    package var minor: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

    package static let v3_0 = ProtocolVersion(major: 3, minor: 0)
    /// Cancel keys of up to 256 bytes (PostgreSQL 18).
    package static let v3_2 = ProtocolVersion(major: 3, minor: 2)
    /// The newest that this implementation speaks.
    package static let newest = v3_2

    package static func < (left: ProtocolVersion, right: ProtocolVersion) -> Bool { left.rawValue < right.rawValue }
}
