/// The schemas in which an unqualified name is looked for, in order (PostgreSQL documentation, 5.10.3).
///
/// Make one for each distinct value and keep it: `identity` is part of the keys of the classifier's caches, and
/// two objects with the same schemas count as two.
package final class SearchPath: Sendable {
    /// The schemas as named, `$user` replaced; pg_catalog only where the path names it.
    package let schemas: [String]
    let identity: UInt64

    package init(schemas: [String]) {
        self.schemas = schemas
        identity = UniqueIdentity.next()
    }

    /// Reads the value of the setting `search_path` as a server reports it.
    ///
    /// - Parameters:
    ///   - setting: names apart by commas, quoted where needed (`"$user", public`).
    ///   - user: what `$user` stands for: the current role.
    package convenience init(setting: String, user: String) {
        self.init(schemas: Self.names(in: setting).map { $0 == "$user" ? user : $0 })
    }

    private static func names(in setting: String) -> [String] {
        var names: [String] = []
        var name: [UInt8] = []
        var quoted = false
        var wasQuoted = false
        func finish() {
            if !name.isEmpty || wasQuoted { names.append(String(decoding: name, as: UTF8.self)) }
            name.removeAll(keepingCapacity: true)
            wasQuoted = false
        }
        let bytes = Array(setting.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if quoted {
                if byte != UInt8(ascii: "\"") {
                    name.append(byte)
                } else if index < bytes.count, bytes[index] == byte {
                    name.append(byte)
                    index += 1
                } else {
                    quoted = false
                }
            } else if byte == UInt8(ascii: "\"") {
                quoted = true
                wasQuoted = true
            } else if byte == UInt8(ascii: ",") {
                finish()
            } else if byte > UInt8(ascii: " ") {
                name.append(ByteTable.lowercased[Int(byte)])
            }
        }
        finish()
        return names
    }
}
