import CJansson

/// A JSON text that has been read; it is freed with this object.
final class JSONDocument {
    let root: UnsafeMutablePointer<json_t>

    init?(_ bytes: [UInt8]) {
        let root = bytes.withUnsafeBytes { bytes in
            json_loadb(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, 0, nil)
        }
        guard let root else { return nil }
        self.root = root
    }

    deinit { json_decref(root) }

    static func text(_ object: UnsafeMutablePointer<json_t>?, _ key: String) -> String? {
        guard let value = json_object_get(object, key), value.pointee.type == JSON_STRING,
            let bytes = json_string_value(value)
        else { return nil }
        return String(cString: bytes)
    }

    /// etcd writes 64-bit numbers as strings, and leaves 0 out.
    static func number(_ object: UnsafeMutablePointer<json_t>?, _ key: String) -> Int64? {
        guard let value = json_object_get(object, key) else { return 0 }
        if value.pointee.type == JSON_INTEGER { return json_integer_value(value) }
        return text(object, key).flatMap { Int64($0) }
    }

    static func isTrue(_ object: UnsafeMutablePointer<json_t>?, _ key: String) -> Bool {
        json_object_get(object, key)?.pointee.type == JSON_TRUE
    }

    static func items(_ object: UnsafeMutablePointer<json_t>?, _ key: String) -> [UnsafeMutablePointer<json_t>] {
        guard let list = json_object_get(object, key), list.pointee.type == JSON_ARRAY else { return [] }
        return (0..<json_array_size(list)).compactMap { json_array_get(list, $0) }
    }

    /// A string as JSON writes it, with its quotes.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
