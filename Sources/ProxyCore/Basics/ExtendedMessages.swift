import Bytes

/// Where the parts of a Parse message lie in its body (PostgreSQL documentation, 55.7).
struct ParseMessage {
    let name: Range<Int>
    let text: Range<Int>
    /// Everything behind the name: the text, its zero and the parameter types.
    let identity: Range<Int>

    /// nil where the body is malformed; then the server says so.
    @inline(__always)
    init?(_ body: RawSpan) {
        guard let nameEnd = body.firstZero(from: 0), let textEnd = body.firstZero(from: nameEnd &+ 1),
            body.byteCount >= textEnd &+ 3,
            body.byteCount == textEnd &+ 3 &+ 4 &* Int(body.uint16(at: textEnd &+ 1))
        else { return nil }
        name = 0..<nameEnd
        text = nameEnd &+ 1..<textEnd
        identity = nameEnd &+ 1..<body.byteCount
    }
}

/// Where the names in a Bind message lie in its body, of which only the beginning need be there (PostgreSQL
/// documentation, 55.7).
struct BindMessage {
    let portal: Range<Int>
    let statement: Range<Int>

    @inline(__always)
    init?(_ body: RawSpan) {
        guard let portalEnd = body.firstZero(from: 0), let statementEnd = body.firstZero(from: portalEnd &+ 1) else {
            return nil
        }
        portal = 0..<portalEnd
        statement = portalEnd &+ 1..<statementEnd
    }
}

extension BindMessage {
    /// The values of the parameters as texts: those of type text are the same in both formats. Nil where the message is
    /// not whole or malformed.
    func parameters(in body: RawSpan) -> [String?]? {
        var offset = statement.upperBound &+ 1
        guard offset &+ 2 <= body.byteCount else { return nil }
        offset &+= 2 &+ 2 &* Int(body.uint16(at: offset))
        guard offset &+ 2 <= body.byteCount else { return nil }
        let count = Int(body.uint16(at: offset))
        offset &+= 2
        var values: [String?] = []
        for _ in 0..<count {
            guard offset &+ 4 <= body.byteCount else { return nil }
            let size = Int(body.int32(at: offset))
            offset &+= 4
            if size < 0 {
                values.append(nil)
            } else {
                guard size <= body.byteCount &- offset else { return nil }
                values.append(body.text(offset..<offset &+ size))
                offset &+= size
            }
        }
        return values
    }
}

/// What a Describe or Close message is about (PostgreSQL documentation, 55.7).
struct TargetMessage {
    enum Kind: UInt8, BitwiseCopyable {
        case statement = 0x53  // S
        case portal = 0x50  // P
    }

    let kind: Kind
    let name: Range<Int>

    init?(_ body: RawSpan) {
        guard body.byteCount >= 2, let kind = Kind(rawValue: body.byte(at: 0)), let end = body.firstZero(from: 1),
            end == body.byteCount - 1
        else { return nil }
        self.kind = kind
        name = 1..<end
    }
}
