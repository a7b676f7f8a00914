import CJansson
import Glibc

/// A value to be written as JSON. Jansson does the writing: what may stand in a string is its business.
indirect enum JSONText {
    case string(String)
    case number(Int64)
    case array([JSONText])
    /// Members are written in this order.
    case members([(String, JSONText)])

    static func object(_ members: KeyValuePairs<String, JSONText>) -> JSONText {
        .members(members.map { ($0.key, $0.value) })
    }

    /// The text, in one line.
    var text: String {
        let tree = tree
        defer { json_decref(tree) }
        guard let written = json_dumps(tree, Int(JSON_ENCODE_ANY)) else { preconditionFailure("there is no memory") }
        defer { free(written) }
        return String(cString: written)
    }

    /// Jansson's tree, which is the caller's.
    private var tree: UnsafeMutablePointer<json_t> {
        guard let tree = made else { preconditionFailure("there is no memory") }
        return tree
    }

    private var made: UnsafeMutablePointer<json_t>? {
        switch self {
        case .string(let text): return json_stringn(text, text.utf8.count)
        case .number(let number): return json_integer(number)
        case .array(let items):
            let array = json_array()
            for item in items { json_array_append_new(array, item.tree) }
            return array
        case .members(let members):
            let object = json_object()
            for (name, value) in members { json_object_set_new(object, name, value.tree) }
            return object
        }
    }
}
