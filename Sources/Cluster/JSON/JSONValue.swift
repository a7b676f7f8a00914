import CJansson

/// A value in a JSON text that has been read. It keeps all of that text's values alive.
struct JSONValue {
    /// Jansson's tree, freed with this object.
    private final class Tree {
        let root: UnsafeMutablePointer<json_t>

        init(_ root: UnsafeMutablePointer<json_t>) { self.root = root }

        deinit { json_decref(root) }
    }

    private let tree: Tree
    private let node: UnsafeMutablePointer<json_t>

    /// Nil where it is not JSON.
    init?(_ bytes: [UInt8]) {
        let root = bytes.withUnsafeBytes { bytes in
            json_loadb(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, 0, nil)
        }
        guard let root else { return nil }
        self.init(Tree(root), root)
    }

    private init(_ tree: Tree, _ node: UnsafeMutablePointer<json_t>) {
        self.tree = tree
        self.node = node
    }

    /// A member of an object.
    subscript(key: String) -> JSONValue? { json_object_get(node, key).map { JSONValue(tree, $0) } }

    /// Nil where it is no string.
    var text: String? {
        guard node.pointee.type == JSON_STRING, let bytes = json_string_value(node) else { return nil }
        return String(cString: bytes)
    }

    /// Nil where it is no whole number of 64 bits.
    var number: Int64? { node.pointee.type == JSON_INTEGER ? json_integer_value(node) : nil }

    var isTrue: Bool { node.pointee.type == JSON_TRUE }

    /// Nil where it is no array.
    var items: [JSONValue]? {
        guard node.pointee.type == JSON_ARRAY else { return nil }
        return (0..<json_array_size(node)).compactMap { index in
            json_array_get(node, index).map { JSONValue(tree, $0) }
        }
    }
}
