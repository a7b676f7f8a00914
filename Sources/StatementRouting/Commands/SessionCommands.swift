import Glibc

/// Reads a text as the session layer's commands. Cold: allocates as it likes.
package enum SessionCommands {
    /// One element a statement, in order.
    ///
    /// - Returns: nil where the grammar does not know the text, where it is not UTF-8, or where it nests too deeply
    ///   or is too long for the classifier too. An empty text gives no elements.
    package static func parse(_ text: RawSpan, standardConformingStrings: Bool) -> [ParsedCommand]? {
        text.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return [] }
            let bytes = UnsafeBufferPointer(start: base, count: buffer.count)
            guard !bytes.contains(0), String(validating: bytes, as: UTF8.self) != nil else { return nil }
            let normalizer = StatementNormalizer(maximumBytes: StatementClassifier.maximumFingerprintBytes)
            guard
                case .normalized = normalizer.run(
                    base,
                    bytes.count,
                    standardConformingStrings: standardConformingStrings
                )
            else { return nil }
            return ConformingText(bytes, standardConformingStrings: standardConformingStrings).parse()
        }
    }

    /// Where the statement in an EXPLAIN ROUTE text begins: its bytes go on to the end of the text. Nil where the
    /// text is no EXPLAIN ROUTE.
    package static func explainRouteBody(_ text: RawSpan) -> Range<Int>? {
        text.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
            var lexer = StatementLexer(base: base, count: buffer.count, standardConformingStrings: true)
            guard lexer.next() == .word, lexer.isWord("explain"), lexer.next() == .word, lexer.isWord("route") else {
                return nil
            }
            return lexer.end..<buffer.count
        }
    }

    /// ASCII capitals folded, as PostgreSQL compares names of settings.
    package static func folded(_ name: String) -> String {
        String(decoding: name.utf8.map { ByteTable.lowercased[Int($0)] }, as: UTF8.self)
    }
}

/// One statement of a text.
package struct ParsedCommand: Equatable, Sendable {
    package var command: SessionCommand
    /// The statement's bytes in the text, without the semicolon; space and comments in front of it may be included.
    package var range: Range<Int>

    package init(command: SessionCommand, range: Range<Int>) {
        self.command = command
        self.range = range
    }
}
