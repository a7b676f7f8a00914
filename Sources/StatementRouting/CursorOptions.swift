/// `DeclareCursorStmt.options` of pg_query.proto, as far as a session has to know them.
package struct CursorOptions: OptionSet, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let binary = CursorOptions(rawValue: 0x01)
    package static let scroll = CursorOptions(rawValue: 0x02)
    package static let noScroll = CursorOptions(rawValue: 0x04)
    package static let insensitive = CursorOptions(rawValue: 0x08)
    package static let hold = CursorOptions(rawValue: ParseTreeClassifier.cursorOptionHold)
}
