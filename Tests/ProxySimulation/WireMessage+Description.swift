extension WireMessage {
    /// What a client sends, in a few words: `Parse s1: SELECT 1`, `Bind p <- s1 (a,b)`, `Execute p /10`, `Sync`.
    package var asFrontend: String {
        var reader = BodyReader(body)
        switch letter {
        case "Q": return "Query " + reader.string()
        case "P": return "Parse \(reader.string()): \(reader.string())"
        case "B":
            let portal = reader.string()
            let statement = reader.string()
            for _ in 0..<reader.int16() { _ = reader.int16() }
            let values = (0..<reader.int16()).map { _ -> String in
                let size = reader.int32()
                return size < 0 ? "NULL" : reader.text(size)
            }
            return Self.words("Bind", portal, "<-", statement, "(\(values.joined(separator: ",")))")
        case "D": return Self.words("Describe", reader.text(1), reader.string())
        case "C": return Self.words("Close", reader.text(1), reader.string())
        case "E":
            let portal = reader.string()
            let limit = reader.int32()
            return Self.words("Execute", portal, limit > 0 ? "/\(limit)" : "")
        case "S": return "Sync"
        case "H": return "Flush"
        case "X": return "Terminate"
        case "d": return "CopyData " + reader.rest()
        case "c": return "CopyDone"
        case "f": return "CopyFail " + reader.string()
        case "F": return "FunctionCall"
        case "p": return "Password"
        default: return "message of type \(tag)"
        }
    }

    /// The words that are not empty, a space between them.
    private static func words(_ words: String...) -> String {
        words.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// What a server sends, in a few words: `Row a,b`, `Complete SELECT 1`, `Ready I`, `Error 25006 cannot …`.
    package var asBackend: String {
        var reader = BodyReader(body)
        switch letter {
        case "R": return "Authentication \(reader.int32())"
        case "K": return "Key"
        case "S": return "Parameter \(reader.string())=\(reader.string())"
        case "1": return "Parsed"
        case "2": return "Bound"
        case "3": return "Closed"
        case "n": return "NoData"
        case "s": return "Suspended"
        case "I": return "Empty"
        case "c": return "CopyDone"
        case "d": return "CopyData " + reader.rest()
        case "G": return "CopyIn"
        case "H": return "CopyOut"
        case "V": return "FunctionResult"
        case "T":
            let columns = (0..<reader.int16()).map { _ -> String in
                let name = reader.string()
                _ = reader.text(18)
                return name
            }
            return "Columns " + columns.joined(separator: ",")
        case "t": return "Parameters \(reader.int16())"
        case "D":
            let values = (0..<reader.int16()).map { _ -> String in
                let size = reader.int32()
                return size < 0 ? "NULL" : reader.text(size)
            }
            return "Row " + values.joined(separator: ",")
        case "C": return "Complete " + reader.string()
        case "Z": return "Ready " + reader.text(1)
        case "v": return "Negotiate \(reader.int32() & 0xFFFF) \(reader.int32())"
        case "E": return (field("V") == "FATAL" ? "Fatal " : "Error ") + "\(field("C") ?? "?") \(field("M") ?? "")"
        case "N": return "Notice \(field("C") ?? "?") \(field("M") ?? "")"
        case "A": return "Notification"
        default: return "message of type \(tag)"
        }
    }

    /// A field of an error or a notice (PostgreSQL documentation, 55.8).
    package func field(_ name: Character) -> String? {
        var reader = BodyReader(body)
        while !reader.isAtEnd {
            let code = reader.byte()
            if code == 0 { return nil }
            let value = reader.string()
            if Character(Unicode.Scalar(code)) == name { return value }
        }
        return nil
    }
}
