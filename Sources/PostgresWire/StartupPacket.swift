import Bytes

/// The first packet of a connection, which has no type byte (PostgreSQL documentation, 55.2.1 and 55.7).
package enum StartupPacket: Equatable, Sendable {
    case tlsRequest
    case gssEncryptionRequest
    case cancel(processID: UInt32, key: [UInt8])
    /// The parameters in the order in which they came, `user` and `database` among them.
    case startup(ProtocolVersion, [Parameter])

    package struct Parameter: Equatable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    private static let cancelCode: UInt32 = 1234 << 16 | 5678
    private static let tlsCode: UInt32 = 1234 << 16 | 5679
    private static let gssCode: UInt32 = 1234 << 16 | 5680

    /// The length that the packet at the front of `bytes` says it has, its own four bytes included.
    /// - Returns: nil while fewer than four bytes are there.
    /// - Throws: where the length cannot be that of a start-up packet of at most `limit` bytes.
    package static func length(of bytes: RawSpan, limit: Int) throws(PostgresError) -> Int? {
        guard bytes.byteCount >= 4 else { return nil }
        let length = Int(bytes.uint32(at: 0))
        guard length >= 8, length <= limit else {
            throw PostgresError(.fatal, .protocolViolation, "invalid length of startup packet")
        }
        return length
    }

    /// Decodes one whole packet.
    package init(_ packet: RawSpan) throws(PostgresError) {
        let code = packet.uint32(at: 4)
        switch code {
        case Self.tlsCode where packet.byteCount == 8: self = .tlsRequest
        case Self.gssCode where packet.byteCount == 8: self = .gssEncryptionRequest
        case Self.cancelCode:
            // Protocol 3.2: the key is the rest of the message, 4 to 256 bytes.
            guard (16...268).contains(packet.byteCount) else {
                throw PostgresError(.fatal, .protocolViolation, "invalid length of cancel request packet")
            }
            self = .cancel(processID: packet.uint32(at: 8), key: packet.array(12..<packet.byteCount))
        default:
            let version = ProtocolVersion(rawValue: code)
            guard version.major == 3 else {
                throw PostgresError(
                    .fatal,
                    .featureNotSupported,
                    "unsupported frontend protocol \(version.major).\(version.minor): server supports 3.0 to 3.2"
                )
            }
            self = .startup(version, try Self.parameters(packet))
        }
    }

    private static func parameters(_ packet: RawSpan) throws(PostgresError) -> [Parameter] {
        var parameters: [Parameter] = []
        var offset = 8
        while offset < packet.byteCount, packet.byte(at: offset) != 0 {
            guard let nameEnd = packet.firstZero(from: offset),
                let valueEnd = packet.firstZero(from: nameEnd + 1)
            else { break }
            parameters.append(
                Parameter(name: packet.text(offset..<nameEnd), value: packet.text(nameEnd + 1..<valueEnd))
            )
            offset = valueEnd + 1
        }
        guard offset == packet.byteCount - 1 else {
            throw PostgresError(
                .fatal,
                .protocolViolation,
                "invalid startup packet layout: expected terminator as last byte"
            )
        }
        return parameters
    }
}
