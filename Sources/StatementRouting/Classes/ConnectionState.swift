/// Functions and settings by which a client finds out what its connection is: whether it takes writes, and which server
/// is behind it. A session through the proxy is one connection, which takes writes: so the primary answers them.
///
/// The same holds of a function's own session, `pg_backend_pid()` and its kin, which `BuiltinFunctions.looksAtSession`
/// tells of.
enum ConnectionState {
    /// Whether a function of pg_catalog tells of the server's role, or of the server itself.
    static func isFunction(_ name: String) -> Bool {
        switch name {
        case "pg_is_in_recovery", "pg_is_wal_replay_paused", "pg_get_wal_replay_pause_state",
            "pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_last_xact_replay_timestamp",
            "pg_control_checkpoint", "pg_control_init", "pg_control_recovery", "pg_control_system",
            "pg_postmaster_start_time", "pg_conf_load_time", "pg_get_wal_summarizer_state", "pg_show_all_settings":
            true
        default: false
        }
    }

    /// Whether SHOW of this name, in small letters, does so.
    static func isShown(_ name: String) -> Bool {
        switch name {
        case "transaction_read_only", "in_hot_standby", "default_transaction_read_only", "all": true
        default: false
        }
    }

    /// A view of pg_catalog with such settings among its rows.
    static func isView(_ name: String) -> Bool { name == "pg_settings" }

    private static let settings: [StaticString] = [
        "transaction_read_only", "in_hot_standby", "default_transaction_read_only",
    ]

    /// Whether the last token, a string, is written plainly and names another setting.
    static func isOrdinarySetting(_ lexer: borrowing StatementLexer) -> Bool {
        let length = lexer.end - lexer.start
        let quote = UInt8(ascii: "'")
        guard length >= 2, lexer.base[lexer.start] == quote, lexer.base[lexer.end - 1] == quote else { return false }
        for index in lexer.start + 1..<lexer.end - 1 {
            let byte = lexer.base[index]
            if byte == quote || byte == UInt8(ascii: "\\") { return false }
        }
        let name = WireFields.Range(start: lexer.base + lexer.start + 1, count: length - 2)
        for setting in settings where name.equalsFolded(setting) { return false }
        return true
    }

    /// Whether a call of current_setting asks for another setting. The normalizer has written 'x' where it cannot tell.
    static func isOrdinarySetting(_ arguments: [WireFields.Range]) -> Bool {
        guard let first = arguments.first, let literal = SettingLiteral(node: first), literal.kind == .string else {
            return false
        }
        let name = SessionCommands.folded(literal.text)
        return name != "x" && !settings.contains { $0.description == name }
    }
}

extension WireFields.Range {
    /// Whether it is this word, which is given in small letters.
    fileprivate func equalsFolded(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in 0..<count where ByteTable.lowercased[Int(start[index])] != word.utf8Start[index] { return false }
        return true
    }
}
