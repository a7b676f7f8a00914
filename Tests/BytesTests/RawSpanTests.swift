import Testing

@testable import Bytes

struct RawSpanTests {
    @Test func numbersAreInNetworkOrderAtAnyAlignment() {
        let bytes: [UInt8] = [0xFF, 0x01, 0x02, 0x03, 0x04, 0xFF, 0xFF, 0xFF, 0xFE]
        let span = bytes.span.bytes
        #expect(span.byte(at: 0) == 0xFF)
        #expect(span.uint16(at: 1) == 0x0102)
        #expect(span.uint32(at: 1) == 0x0102_0304)
        #expect(span.int32(at: 1) == 0x0102_0304)
        #expect(span.int32(at: 5) == -2)
    }

    @Test func findsTheFirstZero() {
        let bytes: [UInt8] = [1, 0, 2, 0]
        let span = bytes.span.bytes
        #expect(span.firstZero(from: 0) == 1)
        #expect(span.firstZero(from: 1) == 1)
        #expect(span.firstZero(from: 2) == 3)
        #expect(span.firstZero(from: 4) == nil)
        #expect(span.firstZero(from: 5) == nil)
        let none: [UInt8] = [1, 2]
        #expect(none.span.bytes.firstZero(from: 0) == nil)
    }

    @Test func textReplacesWhatIsNotUTF8() {
        let bytes: [UInt8] = Array("é".utf8) + [0xFF, UInt8(ascii: "x")]
        #expect(bytes.span.bytes.text(0..<4) == "é\u{FFFD}x")
        #expect(bytes.span.bytes.text(0..<0).isEmpty)
        #expect(bytes.span.bytes.array(1..<4) == Array(bytes[1..<4]))
    }
}
