/// One message of the protocol, as it came from a server ("PostgreSQL documentation, 55.7").
struct WireMessage: Equatable, Sendable {
    let tag: UInt8
    let body: [UInt8]

    /// Whether the message is of this type, written as its letter.
    func `is`(_ letter: Character) -> Bool { tag == letter.asciiValue }

    /// The fields of an ErrorResponse or NoticeResponse by their letters; empty for other messages.
    var fields: [Character: String] {
        guard self.is("E") || self.is("N") else { return [:] }
        var fields: [Character: String] = [:]
        for field in body.split(separator: 0) {
            guard let letter = field.first else { continue }
            fields[Character(UnicodeScalar(letter))] = String(decoding: field.dropFirst(), as: UTF8.self)
        }
        return fields
    }

    /// The SQLSTATE of an error or notice; empty for other messages.
    var state: String { fields["C"] ?? "" }

    /// The columns of a DataRow; nil is NULL.
    var columns: [[UInt8]?] {
        guard self.is("D"), body.count >= 2 else { return [] }
        var columns: [[UInt8]?] = []
        var offset = 2
        while offset + 4 <= body.count {
            let length = body[offset..<offset + 4].reduce(Int32(0)) { $0 << 8 | Int32($1) }
            offset += 4
            if length < 0 {
                columns.append(nil)
            } else {
                columns.append(Array(body[offset..<offset + Int(length)]))
                offset += Int(length)
            }
        }
        return columns
    }

    /// The columns of a DataRow as text.
    var texts: [String?] { columns.map { $0.map { String(decoding: $0, as: UTF8.self) } } }

    /// The zero-terminated texts of a message such as CommandComplete or ParameterStatus.
    var strings: [String] {
        body.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

extension WireMessage: CustomStringConvertible {
    var description: String {
        let letter = Character(UnicodeScalar(tag))
        switch letter {
        case "D": return "D(\(texts.map { $0.map { String($0.prefix(60)) } ?? "NULL" }.joined(separator: ",")))"
        case "C": return "C(\(strings.first ?? ""))"
        case "Z": return "Z(\(body.first.map { Character(UnicodeScalar($0)) } ?? "?"))"
        case "S": return "S(\(strings.joined(separator: "=")))"
        case "E", "N":
            return
                "\(letter)(\(fields.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: "|")))"
        default:
            let text = body.prefix(60).map { (32..<127).contains($0) ? String(UnicodeScalar($0)) : "." }.joined()
            return body.isEmpty ? "\(letter)" : "\(letter)(\(body.count):\(text))"
        }
    }
}
