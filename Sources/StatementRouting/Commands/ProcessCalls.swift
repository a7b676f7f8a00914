import Bytes

/// Where a text asks for the process of its own session, `pg_backend_pid()`, and what is to stand there instead: the
/// number that the client was told.
///
/// Only the lexer reads the text, which the grammar has seen before: what is replaced must not hang on literals, and
/// the places of tokens are those of the client's text.
package enum ProcessCalls {
    /// Bytes of a text that others take the place of.
    package struct Replacement: Equatable, Sendable {
        package let range: Range<Int>
        package let bytes: [UInt8]

        package init(range: Range<Int>, bytes: [UInt8]) {
            self.range = range
            self.bytes = bytes
        }
    }

    /// What is to be replaced in a text of one or several statements, in order.
    ///
    /// A statement that shows or signals servers' processes keeps the server's own number, so that
    /// `pid <> pg_backend_pid()` means what it says. So does one that only writes an expression down or explains it.
    package static func replacements(
        in text: RawSpan,
        number: UInt32,
        standardConformingStrings: Bool
    ) -> [Replacement] {
        text.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return [] }
            var reader = Reader(
                lexer: StatementLexer(
                    base: base,
                    count: buffer.count,
                    standardConformingStrings: standardConformingStrings
                ),
                number: number
            )
            return reader.read()
        }
    }

    /// The text with its replacements.
    package static func apply(_ replacements: [Replacement], to text: RawSpan) -> [UInt8] {
        text.withUnsafeBytes { bytes in
            var changed: [UInt8] = []
            var done = 0
            for replacement in replacements {
                changed += bytes[done..<replacement.range.lowerBound]
                changed += replacement.bytes
                done = replacement.range.upperBound
            }
            changed += bytes[done...]
            return changed
        }
    }

    /// Whether a name, in small letters, is that of a view or function of pg_catalog in which processes of servers are
    /// shown, looked up or signalled by their numbers.
    static func tellsOfServers(_ name: String) -> Bool {
        if name.hasPrefix("pg_stat_") { return true }
        switch name {
        case "pg_locks", "pg_lock_status", "pg_blocking_pids", "pg_safe_snapshot_blocking_pids", "pg_prepared_xacts",
            "pg_prepared_xact", "pg_replication_slots", "pg_get_replication_slots", "pg_aios", "pg_get_aios",
            "pg_cancel_backend", "pg_terminate_backend", "pg_log_backend_memory_contexts",
            "pg_get_process_memory_contexts", "pg_isolation_test_session_is_blocked",
            "pg_show_replication_origin_status",
            "pg_replication_origin_status", "pg_replication_origin_session_setup":
            return true
        default: return false
        }
    }

    /// What a token is for those who look for calls.
    struct Word {
        let token: StatementLexer.Token
        let range: Range<Int>
        /// A word in small letters, or what a quoted identifier holds; else empty.
        let name: String
        /// The character, where it is one; else 0.
        let character: UInt8

        init(_ token: StatementLexer.Token, _ lexer: borrowing StatementLexer) {
            self.token = token
            range = lexer.start..<lexer.end
            let base = lexer.base
            character = token == .character ? lexer.character : 0
            switch token {
            case .word:
                name = String(decoding: range.map { ByteTable.lowercased[Int(base[$0])] }, as: UTF8.self)
            case .quotedIdentifier where range.count > 2:
                let inner = range.lowerBound + 1..<range.upperBound - 1
                name = String(decoding: inner.map { base[$0] }, as: UTF8.self)
            case .unicodeIdentifier where range.count > 4:
                // One that has escapes in it is none that is looked for.
                let inner = range.lowerBound + 3..<range.upperBound - 1
                name = String(decoding: inner.map { base[$0] }, as: UTF8.self)
            default: name = ""
            }
        }

        var isEnd: Bool { token == .end || token == .unterminated || token == .more }

        func isCharacter(_ wanted: Unicode.Scalar) -> Bool { character == UInt8(ascii: wanted) }

        func isWord(_ wanted: String) -> Bool { token == .word && name == wanted }
    }
}

extension ProcessCalls {
    /// Reads a text statement by statement.
    private struct Reader {
        var lexer: StatementLexer
        let number: UInt32

        /// What is known of the text inside a pair of parentheses, or outside of all.
        private struct Level {
            /// A SELECT, UPDATE or DELETE has begun in it: a FROM there begins a list of tables.
            var isQuery = false
            /// Its last word of note began such a list.
            var isInFrom = false
            /// It was opened where a function's name may stand among tables (ROWS FROM).
            var isRowsFrom = false
        }

        /// What may be replaced, by the first words of a statement.
        private enum Place {
            /// A query, or a statement that reads as one does: a sub-select can stand wherever a call can.
            case query
            /// No sub-select can stand there.
            case noQuery
            /// Nothing is.
            case none
        }

        private var levels = [Level()]
        private var place = Place.none
        private var isCreate = false
        /// Words of the statement so far, saturating.
        private var words = 0
        private var tellsOfServers = false
        private var mayNotReplace = false
        private var found: [Replacement] = []
        private var ofStatement: [Replacement] = []
        /// The last three tokens.
        private var before: [Word] = []

        init(lexer: StatementLexer, number: UInt32) {
            self.lexer = lexer
            self.number = number
        }

        private mutating func next() -> Word {
            let token = lexer.next()
            return Word(token, lexer)
        }

        mutating func read() -> [Replacement] {
            var word = next()
            while !word.isEnd {
                if word.isCharacter(";"), levels.count == 1 {
                    endStatement()
                    word = next()
                    continue
                }
                note(word)
                let following = next()
                if word.name == "pg_backend_pid", following.isCharacter("("), let start = start(of: word) {
                    let closing = next()
                    guard closing.isCharacter(")") else {
                        remember(following)
                        open()
                        word = closing
                        continue
                    }
                    word = next()
                    let isNamedLater = replace(start..<closing.range.upperBound, before: word)
                    before = [closing]
                    if isNamedLater { word = nameBehindOrdinality(word) }
                    continue
                }
                remember(word)
                word = following
            }
            // A text that has no end is refused, wherever it is not.
            if word.token == .unterminated { return [] }
            endStatement()
            return found
        }

        private mutating func endStatement() {
            if !tellsOfServers, !mayNotReplace { found += ofStatement }
            ofStatement = []
            levels = [Level()]
            place = .none
            isCreate = false
            words = 0
            tellsOfServers = false
            mayNotReplace = false
            before = []
        }

        private mutating func remember(_ word: Word) {
            before.append(word)
            if before.count > 3 { before.removeFirst() }
        }

        private func last(_ back: Int = 1) -> Word? {
            before.count >= back ? before[before.count - back] : nil
        }

        private mutating func open() {
            var level = Level()
            level.isRowsFrom =
                levels[levels.count - 1].isInFrom && last()?.isWord("from") == true
                && last(2)?.isWord("rows") == true
            levels.append(level)
        }

        /// Notes what a token says of the statement.
        private mutating func note(_ word: Word) {
            if word.isCharacter("(") {
                open()
            } else if word.isCharacter(")"), levels.count > 1 {
                levels.removeLast()
            }
            guard !word.name.isEmpty else { return }
            if ProcessCalls.tellsOfServers(word.name) { tellsOfServers = true }
            guard word.token == .word else { return }
            begin(word)
            noteClause(word)
            if words < Int.max { words += 1 }
        }

        private mutating func begin(_ word: Word) {
            if words == 0 {
                switch word.name {
                case "select", "insert", "update", "delete", "merge", "values", "with", "declare": place = .query
                case "copy", "call", "execute": place = .noQuery
                case "create": isCreate = true
                default: break
                }
            } else if isCreate {
                // CREATE TABLE … AS: the query runs now. All else that CREATE is followed by is only written down.
                switch word.name {
                case "temp", "temporary", "local", "global", "unlogged", "table": break
                case "as" where levels.count == 1: place = .query
                case "execute" where levels.count == 1 && last()?.isWord("as") == true: place = .noQuery
                default: if words == 1 { isCreate = false }
                }
            } else if place == .noQuery, levels.count > 1, word.name == "select" {
                // COPY (SELECT …) TO, and a sub-select in arguments.
                place = .query
            }
        }

        private mutating func noteClause(_ word: Word) {
            let level = levels.count - 1
            switch word.name {
            case "select", "update", "delete":
                levels[level].isQuery = true
                levels[level].isInFrom = false
            case "from" where last()?.isWord("distinct") != true:
                if levels[level].isQuery { levels[level].isInFrom = true }
            case "where", "group", "order", "having", "limit", "offset", "window", "returning", "set", "union",
                "intersect", "except", "values":
                levels[level].isInFrom = false
            default: break
            }
        }

        /// Where a call begins: at its name, or at that of its schema. Nil where another schema's function is called.
        private func start(of name: Word) -> Int? {
            guard last()?.isCharacter(".") == true else { return name.range.lowerBound }
            guard let schema = last(2), schema.name == "pg_catalog", last(3)?.isCharacter(".") != true else {
                return nil
            }
            return schema.range.lowerBound
        }

        /// Gives a table its name behind WITH ORDINALITY, where the text gives it none.
        /// - Parameter with: its first word, which has not been noted.
        /// - Returns: the first token behind it that has not.
        private mutating func nameBehindOrdinality(_ with: Word) -> Word {
            note(with)
            remember(with)
            let ordinality = next()
            guard ordinality.isWord("ordinality") else { return ordinality }
            note(ordinality)
            remember(ordinality)
            let following = next()
            if !isAlias(following) {
                let place = ordinality.range.upperBound
                ofStatement.append(Replacement(range: place..<place, bytes: Array(" AS pg_backend_pid".utf8)))
            }
            return following
        }

        /// - Returns: whether what is put in gets its name behind WITH ORDINALITY.
        private mutating func replace(_ range: Range<Int>, before following: Word) -> Bool {
            // The token in front of the call.
            let front = last()?.isCharacter(".") == true ? last(3) : last()
            let level = levels[levels.count - 1]
            let bytes: String
            var isNamedLater = false
            // To window functions and aggregates alone belongs what follows: the server says that this is none.
            let isNoPlainCall = following.isWord("over") || following.isWord("filter")
            switch place {
            case .none: return false
            case .noQuery where isNoPlainCall, .query where isNoPlainCall && !isTable(front, level): return false
            case .noQuery: bytes = "\(number)::pg_catalog.int4"
            case .query where level.isRowsFrom:
                // Its column has the function's name, whatever the table is called: a list of columns gives it.
                if following.isWord("as") {
                    mayNotReplace = true
                    return false
                }
                bytes = """
                    pg_catalog.json_to_record('{"pg_backend_pid":\(number)}') AS (pg_backend_pid pg_catalog.int4)
                    """
            case .query where isTable(front, level):
                // A function among the tables: it gives its table and its column its name, where neither has another.
                isNamedLater = following.isWord("with")
                bytes = "pg_catalog.abs(\(number))" + (isNamedLater || isAlias(following) ? "" : " AS pg_backend_pid")
            case .query:
                // A sub-select gives a column the name of its own, also through casts and parentheses.
                bytes = "(SELECT \(number) AS pg_backend_pid)"
            }
            ofStatement.append(Replacement(range: range, bytes: Array(bytes.utf8)))
            return isNamedLater
        }

        private func isTable(_ front: Word?, _ level: Level) -> Bool {
            guard let front else { return false }
            if front.isWord("join") || front.isWord("lateral") || front.isWord("using") { return true }
            return level.isInFrom && (front.isWord("from") || front.isCharacter(","))
        }

        /// Whether what follows a table is a name for it.
        private func isAlias(_ following: Word) -> Bool {
            switch following.token {
            case .quotedIdentifier, .unicodeIdentifier: return true
            case .word:
                switch following.name {
                case "where", "group", "order", "having", "limit", "offset", "fetch", "for", "window", "union",
                    "intersect", "except", "join", "inner", "left", "right", "full", "cross", "natural", "on", "using",
                    "returning", "tablesample", "with", "set":
                    return false
                default: return true
                }
            default: return false
            }
        }
    }
}
