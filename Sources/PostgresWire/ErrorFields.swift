import Bytes

/// The fields of an ErrorResponse or NoticeResponse body, read in place (PostgreSQL documentation, 55.8).
package enum ErrorFields {
    package static let severity = UInt8(ascii: "V")
    package static let sqlState = UInt8(ascii: "C")
    package static let message = UInt8(ascii: "M")
    package static let detail = UInt8(ascii: "D")
    package static let hint = UInt8(ascii: "H")
    package static let position = UInt8(ascii: "P")
    package static let routine = UInt8(ascii: "R")

    /// Where the value of field `name` lies in `body`, without its terminator; nil where the field is absent or the
    /// body is malformed.
    package static func range(of name: UInt8, in body: RawSpan) -> Range<Int>? {
        var offset = 0
        while offset < body.byteCount {
            let field = body.byte(at: offset)
            guard field != 0, let end = body.firstZero(from: offset + 1) else { return nil }
            if field == name { return offset + 1..<end }
            offset = end + 1
        }
        return nil
    }

    package static func sqlState(in body: RawSpan) -> SQLState {
        guard let range = range(of: sqlState, in: body) else { return .internalError }
        return body.extracting(range).withUnsafeBytes { SQLState($0) }
    }

    package static func text(of name: UInt8, in body: RawSpan) -> String? {
        range(of: name, in: body).map { body.text($0) }
    }

    /// Whether the error ends the connection: its severity, in the form that is never translated, is FATAL or PANIC.
    package static func isFatal(_ body: RawSpan) -> Bool {
        let severity = text(of: severity, in: body)
        return severity == "FATAL" || severity == "PANIC"
    }

    /// Whether the server function that raised the error is `routine`: unlike the message, the name is never
    /// translated.
    package static func isRaised(by routine: StaticString, in body: RawSpan) -> Bool {
        guard let range = range(of: Self.routine, in: body), range.count == routine.utf8CodeUnitCount else {
            return false
        }
        return body.extracting(range).withUnsafeBytes { bytes in
            bytes.elementsEqual(UnsafeBufferPointer(start: routine.utf8Start, count: routine.utf8CodeUnitCount))
        }
    }
}
