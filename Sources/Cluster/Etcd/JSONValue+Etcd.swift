extension JSONValue {
    /// etcd writes 64-bit numbers as strings, and leaves 0 out. Nil where it is neither.
    func number(_ key: String) -> Int64? {
        guard let value = self[key] else { return 0 }
        return value.number ?? value.text.flatMap { Int64($0) }
    }
}
