import Bytes
import SeededRandom
import Testing

@testable import PostgresWire

/// PostgreSQL documentation, 55.2.1 and 55.7 (StartupMessage, CancelRequest, SSLRequest, GSSENCRequest).
struct StartupPacketTests {
    private typealias Parameter = StartupPacket.Parameter

    private static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
    }

    /// A packet with its length in front.
    private static func packet(_ code: UInt32, _ rest: [UInt8] = []) -> [UInt8] {
        word(UInt32(8 + rest.count)) + word(code) + rest
    }

    private static func fields(_ texts: String...) -> [UInt8] { texts.flatMap { Array($0.utf8) + [0] } }

    private func decode(_ bytes: [UInt8]) throws -> StartupPacket { try StartupPacket(bytes.span.bytes) }

    private func length(_ bytes: [UInt8], limit: Int = 10_000) throws -> Int? {
        try StartupPacket.length(of: bytes.span.bytes, limit: limit)
    }

    private func refusal(_ bytes: [UInt8]) -> PostgresError? {
        #expect(throws: PostgresError.self) { try decode(bytes) }
    }

    // MARK: The length

    @Test func fewerThanFourBytesSayNothing() throws {
        for count in 0..<4 { #expect(try length(Array([0, 0, 0, 8].prefix(count))) == nil) }
    }

    @Test(arguments: [8, 9, 296, 9_999, 10_000])
    func aLengthWithinTheLimitIsTold(value: Int) throws {
        #expect(try length(Self.word(UInt32(value))) == value)
    }

    @Test(arguments: [0, 1, 4, 7, 10_001, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF] as [UInt32])
    func aLengthThatCannotBeIsRefused(value: UInt32) {
        let error = #expect(throws: PostgresError.self) { try length(Self.word(value)) }
        #expect(error?.severity == .fatal)
        #expect(error?.sqlState == .protocolViolation)
    }

    /// What HTTP, TLS and SSH clients send first is no start-up packet.
    @Test(arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{03}\u{01}\u{02}", "SSH-2.0-OpenSSH_9\r\n"])
    func otherProtocolsAreRefusedByTheirFirstBytes(text: String) {
        #expect(throws: PostgresError.self) { try length(Array(text.utf8)) }
    }

    // MARK: Requests without parameters

    @Test func requestsForEncryption() throws {
        #expect(try decode(Self.packet(80_877_103)) == .tlsRequest)
        #expect(try decode(Self.packet(80_877_104)) == .gssEncryptionRequest)
    }

    @Test(arguments: [80_877_103, 80_877_104] as [UInt32])
    func aRequestForEncryptionWithMoreInItIsRefused(code: UInt32) {
        #expect(refusal(Self.packet(code, [0]))?.severity == .fatal)
    }

    @Test(arguments: [4, 8, 32, 256])
    func cancelKeysOfEveryLength(size: Int) throws {
        let key = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let bytes = Self.packet(80_877_102, Self.word(0xFFFF_FFFE) + key)
        #expect(try decode(bytes) == .cancel(processID: 0xFFFF_FFFE, key: key))
    }

    @Test(arguments: [0, 1, 4, 7, 261, 5000])
    func aCancelRequestOfAnotherLengthIsRefused(size: Int) {
        let bytes = Self.packet(80_877_102, [UInt8](repeating: 1, count: size))
        #expect(refusal(bytes)?.sqlState == .protocolViolation)
    }

    // MARK: StartupMessage

    @Test func parametersComeInTheirOrder() throws {
        let body = Self.fields("user", "ann", "database", "shop", "options", "-c a=b", "x", "") + [0]
        #expect(
            try decode(Self.packet(3 << 16, body))
                == .startup(
                    .v3_0,
                    [
                        Parameter(name: "user", value: "ann"), Parameter(name: "database", value: "shop"),
                        Parameter(name: "options", value: "-c a=b"), Parameter(name: "x", value: ""),
                    ]
                )
        )
    }

    @Test func noParametersAtAll() throws {
        #expect(try decode(Self.packet(3 << 16, [0])) == .startup(.v3_0, []))
    }

    @Test(arguments: [0, 1, 2, 3, 9999, 65_535] as [UInt16])
    func everyMinorVersionIsDecoded(minor: UInt16) throws {
        let version = ProtocolVersion(major: 3, minor: minor)
        #expect(try decode(Self.packet(version.rawValue, [0])) == .startup(version, []))
        #expect((version > .newest) == (minor > 2))
    }

    @Test(arguments: [0, 1, 2, 4, 1233, 1235, 65_535] as [UInt16])
    func anotherMajorVersionIsRefusedByName(major: UInt16) {
        let error = refusal(Self.packet(UInt32(major) << 16 | 7, [0]))
        #expect(error?.sqlState == .featureNotSupported)
        #expect(error?.message == "unsupported frontend protocol \(major).7: server supports 3.0 to 3.2")
    }

    @Test(arguments: [
        [],  // no terminator
        fields("user"),  // a name alone
        fields("user", "ann"),  // no terminator behind a pair
        Array("user".utf8),  // a name without its zero
        fields("user") + Array("ann".utf8),  // a value without its zero
        fields("user", "ann") + [0, 0],  // something behind the terminator
        [0] + fields("user", "ann"),
    ])
    func aLayoutThatIsNoneIsRefused(body: [UInt8]) {
        let error = refusal(Self.packet(3 << 16, body))
        #expect(error?.severity == .fatal)
        #expect(error?.sqlState == .protocolViolation)
    }

    /// As in PostgreSQL, a single byte where the terminator should be is taken for it, whatever it is.
    @Test func everyTruncationIsRefusedOrReadsAsLess() throws {
        let pair = Self.fields("user", "ann")
        let whole = Self.packet(3 << 16, pair + Self.fields("database", "shop") + [0])
        for count in 8..<whole.count {
            let truncated = Array(whole.prefix(count))
            switch count {
            case 9: #expect(try decode(truncated) == .startup(.v3_0, []))
            case 9 + pair.count:
                #expect(try decode(truncated) == .startup(.v3_0, [Parameter(name: "user", value: "ann")]))
            default: #expect(refusal(truncated) != nil, "\(count) bytes")
            }
        }
    }

    @Test func textThatIsNotUTF8IsReplaced() throws {
        let body: [UInt8] = Array("user".utf8) + [0, 0xFF, 0xC3, 0, 0]
        guard case .startup(_, let parameters) = try decode(Self.packet(3 << 16, body)) else {
            Issue.record("not a start-up packet")
            return
        }
        #expect(parameters.first?.value.unicodeScalars.contains("\u{FFFD}") == true)
    }

    @Test func whatTheBuilderWritesIsReadBack() throws {
        var builder = MessageBuilder()
        let parameters = [Parameter(name: "user", value: "ann"), Parameter(name: "application_name", value: "größe")]
        builder.startup(.v3_2, parameters)
        #expect(try length(builder.bytes) == builder.bytes.count)
        #expect(try decode(builder.bytes) == .startup(.v3_2, parameters))

        var cancel = MessageBuilder()
        cancel.cancelRequest(processID: 77, key: [9, 8, 7, 6, 5])
        #expect(try decode(cancel.bytes) == .cancel(processID: 77, key: [9, 8, 7, 6, 5]))
    }

    /// Whatever the bytes are, they decode or are refused with a FATAL error.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func randomPacketsNeverDoMoreThanFail(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let codes: [UInt32] = [3 << 16, 3 << 16 | 2, 80_877_102, 80_877_103, 80_877_104]
        var decoded = 0
        for _ in 0..<5000 {
            var rest = generator.bytes(Int.random(in: 0...300, using: &generator))
            // Zeros are what the layout is made of.
            for place in rest.indices where Int.random(in: 0..<4, using: &generator) == 0 { rest[place] = 0 }
            let code =
                Bool.random(using: &generator)
                ? codes.randomElement(using: &generator)! : UInt32(generator.next() >> 32)
            do throws(PostgresError) {
                _ = try StartupPacket(Self.packet(code, rest).span.bytes)
                decoded += 1
            } catch {
                #expect(error.severity == .fatal)
            }
        }
        #expect(decoded > 0)
    }
}
