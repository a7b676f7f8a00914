import StatementRouting

/// Changes of settings, and of the channels listened to, inside a transaction, which hold when it commits and are gone
/// when it, or what follows a savepoint in it, is rolled back.
struct SettingsJournal {
    /// What one statement does, once it has succeeded.
    enum Step: Equatable {
        case change(SettingChange)
        case channel(ChannelChange)
        case savepoint(String)
        case release(String)
        case rollbackTo(String)
    }

    private enum Entry {
        case change(SettingChange)
        case channel(ChannelChange)
        case savepoint(String)
    }

    private var entries: [Entry] = []
    /// Bytes of the names and values among them.
    private var bytes = 0

    /// Steps that are followed in one transaction, and bytes of their names and values; beyond that the session keeps
    /// its server.
    static let mostEntries = 1_000
    private static let mostBytes = 4 * ProfileStore.mostBytes

    init() {}

    /// Whether no more steps are to be followed.
    var isFull: Bool { entries.count >= Self.mostEntries || bytes >= Self.mostBytes }

    var isEmpty: Bool { entries.isEmpty }

    /// The settings that are changed in it.
    func forEachChange(_ body: (SettingChange) -> Void) {
        for case .change(let change) in entries { body(change) }
    }

    /// In the order in which they were made.
    var changes: [SettingChange] {
        entries.compactMap { entry in
            if case .change(let change) = entry { change } else { nil }
        }
    }

    /// In the order in which they were made.
    var channelChanges: [ChannelChange] {
        entries.compactMap { entry in
            if case .channel(let change) = entry { change } else { nil }
        }
    }

    /// The transaction is over: what it has done, of which nothing is in the journal any more.
    mutating func end() -> (settings: [SettingChange], channels: [ChannelChange]) {
        if isEmpty { return ([], []) }
        let done = (changes, channelChanges)
        self = SettingsJournal()
        return done
    }

    /// Savepoints made before the first change are not known here: whatever goes back to one of them takes back all.
    mutating func apply(_ step: Step) {
        switch step {
        case .change(let change):
            if case .set(let setting) = change {
                removeLastValue(of: setting.name)
                bytes += setting.name.utf8.count + setting.value.utf8.count
            }
            entries.append(.change(change))
        case .channel(let change): entries.append(.channel(change))
        case .savepoint(let name):
            if entries.isEmpty { return }
            bytes += name.utf8.count
            entries.append(.savepoint(name))
        case .release(let name):
            guard let index = index(of: name) else { return }
            entries[index...].removeAll { entry in
                if case .savepoint = entry { true } else { false }
            }
        case .rollbackTo(let name):
            guard let index = index(of: name) else { return entries.removeAll() }
            entries.removeSubrange((index + 1)...)
        }
    }

    /// The value that was set last since the last savepoint: another takes its place.
    private mutating func removeLastValue(of name: String) {
        for index in entries.indices.reversed() {
            switch entries[index] {
            case .savepoint, .change(.resetAll), .change(.reset): return
            case .change(.set(let setting)) where setting.name == name:
                bytes -= setting.name.utf8.count + setting.value.utf8.count
                entries.remove(at: index)
                return
            case .change, .channel: break
            }
        }
    }

    private func index(of name: String) -> Int? {
        entries.lastIndex { entry in
            if case .savepoint(name) = entry { true } else { false }
        }
    }

    /// What savepoint commands mean to the journal; nil where the text is more than one of them.
    static func step(in commands: [ParsedCommand]) -> Step? {
        guard commands.count == 1 else { return nil }
        switch commands[0].command {
        case .savepoint(let name): return .savepoint(name)
        case .releaseSavepoint(let name): return .release(name)
        case .rollbackToSavepoint(let name): return .rollbackTo(name)
        default: return nil
        }
    }
}
