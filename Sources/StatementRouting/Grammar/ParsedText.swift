import CPgQuery

/// A text's parse tree as libpg_query writes it: a `ParseResult` message. Owns the bytes.
struct ParsedText: ~Copyable {
    private let result: PgQueryProtobufParseResult

    /// - Parameter text: bytes up to a NUL, already found to nest no deeper than `NestingBound.limit`.
    init(_ text: UnsafePointer<UInt8>) {
        result = pg_query_parse_protobuf(UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self))
    }

    deinit {
        pg_query_free_protobuf_parse_result(result)
    }

    /// Nil where the grammar refuses the text. Valid as long as this value lives.
    var tree: WireFields.Range? {
        guard result.error == nil else { return nil }
        guard let data = result.parse_tree.data else { return nil }
        return WireFields.Range(
            start: UnsafeRawPointer(data).assumingMemoryBound(to: UInt8.self),
            count: result.parse_tree.len
        )
    }
}
