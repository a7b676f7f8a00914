import Bytes
import Testing

@testable import PostgresWire

/// Types and lengths: what can be a message is told from what cannot, for every type and every length.
struct FrameTests {
    private static let clientTags = Array("QPBDECHSFXdcf".utf8)
    private static let serverTags = Array("RKSZTDCEINnst123AGHWVdcv".utf8)
    private static let lengths: [Int64] = [
        0, 1, 3, 4, 5, 6, 7, 8, 12, 264, 265, 1000, 10_000, 10_001, 1 << 20, 0x3FFF_FFFE, 0x3FFF_FFFF, 0x7FFF_FFFF,
        0x8000_0000, 0xFFFF_FFFF,
    ]

    private func header(_ tag: UInt8, _ length: Int64) -> [UInt8] {
        [tag] + (0..<4).map { UInt8(truncatingIfNeeded: length >> Int64(24 - 8 * $0)) }
    }

    private func client(_ bytes: [UInt8], at offset: Int = 0, limit: Int = .max) -> Frame {
        Frame(ofClient: bytes.span.bytes, at: offset, limit: limit)
    }

    private func size(_ frame: Frame) -> Int? { if case .message(let header) = frame { header.size } else { nil } }

    @Test func aHeaderTellsTheWholeMessagesSize() {
        let frame = client([0xFF, UInt8(ascii: "Q"), 0, 0, 1, 4, 0], at: 1)
        guard case .message(let header) = frame else {
            Issue.record("\(frame)")
            return
        }
        #expect(header.tag == FrontendTag.query)
        #expect(header.size == 261)
    }

    @Test func fewerBytesThanAHeaderAreNoMessageYet() {
        for count in 0..<5 {
            guard case .partial = client(Array(header(UInt8(ascii: "Q"), 3).prefix(count))) else {
                Issue.record("\(count) bytes")
                continue
            }
        }
    }

    @Test("No header whose length could not be is taken for one, of whatever type and from whichever side")
    func impossibleLengths() {
        for tag in UInt8.min ... .max {
            for length in Self.lengths {
                let bytes = header(tag, length)
                let sizes = [size(client(bytes)), size(Frame(ofServer: bytes.span.bytes, at: 0))]
                for size in sizes.compactMap({ $0 }) { #expect(size >= 5 && Int64(size) == length + 1) }
                if length > 0x7FFF_FFFF || length < 4 { #expect(sizes == [nil, nil], "\(tag) \(length)") }
            }
            #expect((size(client(header(tag, 4))) != nil) == Self.clientTags.contains(tag), "\(tag)")
            if !Self.serverTags.contains(tag) {
                let frame = Frame(ofServer: header(tag, 10).span.bytes, at: 0)
                guard case .violation(.unknownType(tag)) = frame else {
                    Issue.record("\(tag): \(frame)")
                    continue
                }
            }
        }
    }

    @Test(
        "What is wrong is told as PostgreSQL words it",
        arguments: [
            ("S", 1000, "invalid message format"), ("H", 5, "invalid message format"),
            ("S", 3, "invalid message length"),
            ("D", 10_001, "invalid message length"), ("X", 10_001, "invalid message length"),
            ("Q", 0x3FFF_FFFF, "invalid message length"), ("Q", 0xFFFF_FFFF, "invalid message length"),
            ("z", 4, "invalid frontend message type 122"), ("Q", 200, "message of 201 bytes is too long"),
        ] as [(String, Int64, String)]
    )
    func words(tag: String, length: Int64, message: String) {
        let frame = client(header(Array(tag.utf8)[0], length), limit: 200)
        guard case .violation(let violation) = frame else {
            Issue.record("\(frame)")
            return
        }
        #expect(violation.error(limit: 200).message == message)
        #expect(violation.error(limit: 200).severity == .fatal)
    }

    @Test func messagesOfOneLengthHaveThatAlone() {
        for tag in "123nIsc".utf8 {
            #expect(size(Frame(ofServer: header(tag, 4).span.bytes, at: 0)) == 5)
            #expect(size(Frame(ofServer: header(tag, 5).span.bytes, at: 0)) == nil)
        }
        #expect(size(Frame(ofServer: header(UInt8(ascii: "Z"), 5).span.bytes, at: 0)) == 6)
        #expect(size(Frame(ofServer: header(UInt8(ascii: "Z"), 6).span.bytes, at: 0)) == nil)
    }

    @Test func aWholeMessageEndsBeforeTheEnd() {
        let bytes = header(UInt8(ascii: "S"), 4) + header(UInt8(ascii: "Q"), 6) + [0x20, 0]
        let span = bytes.span.bytes
        #expect(Frame.whole(ofClient: span, at: 0, before: 5)?.size == 5)
        #expect(Frame.whole(ofClient: span, at: 5, before: 12)?.size == 7)
        #expect(Frame.whole(ofClient: span, at: 5, before: 11) == nil)
        #expect(Frame.whole(ofClient: span, at: 12, before: 12) == nil)
        #expect(Frame.whole(ofClient: span, at: 0, before: 4) == nil)
    }

    @Test func aPasswordIsTheOnlyMessageOfItsTime() {
        func frame(_ bytes: [UInt8]) -> Frame { Frame(ofPassword: bytes.span.bytes, limit: 100) }
        #expect(size(frame(header(UInt8(ascii: "p"), 99))) == 100)
        #expect(size(frame(header(UInt8(ascii: "p"), 100))) == nil)
        #expect(size(frame(header(UInt8(ascii: "p"), 3))) == nil)
        #expect(size(frame(header(UInt8(ascii: "p"), 0xFFFF_FFFF))) == nil)
        #expect(size(frame(header(UInt8(ascii: "Q"), 20))) == nil)
    }
}
