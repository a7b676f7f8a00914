import Bytes

/// Sets of session settings, each kept once.
///
/// A client names the set that it wants, a server the set that it has; where the numbers are equal nothing needs to be
/// said, and where they differ `statement(from:to:)` is what brings the server there.
final class ProfileStore {
    /// From so many on changes of settings are sent as values of a prepared statement: to parse and plan a text with
    /// ten calls of set_config costs a server several times what it costs to run it. For a session with so many,
    /// another server within `pool_size` is worth its while.
    static let many = 3
    /// A session with more settings than these keeps its server: a SELECT has room for 1,664 calls of set_config, and
    /// what differs is looked for with each server that such a session gets.
    static let mostCarried = 256

    /// The same with more bytes of names and values.
    static let mostBytes = 16 << 10

    /// Whether these settings travel with their session.
    static func mayCarry(_ settings: [SessionSetting]) -> Bool {
        settings.count <= mostCarried
            && settings.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } <= mostBytes
    }

    private struct Record {
        var settings: [SessionSetting]
        var traits = ProfileTraits()
        var references: Int
        var context: ParseContext
    }

    private var records: [Record] = [Record(settings: [], references: 1, context: .plain)]
    private var vacant: [ProfileID] = []
    private var byContent: [[SessionSetting]: ProfileID] = [[]: .base]

    /// By their number of changes, the statements that bring a server to other settings, as their Parse has them.
    private var bodies: [[UInt8]] = []
    private let hash: KeyedHash
    private var contexts: UInt64 = 0

    init(seed: UInt64) { hash = KeyedHash(seed: seed) }

    var count: Int { byContent.count }

    /// What the Parse of a statement has behind its name that makes so many changes: text, its zero, and that no types
    /// of parameters are given.
    func body(ofChanges count: Int) -> [UInt8] {
        while bodies.count <= count {
            let calls = (0..<bodies.count).map { "pg_catalog.set_config($\(2 * $0 + 1),$\(2 * $0 + 2),false)" }
            bodies.append(Array(("SELECT " + calls.joined(separator: ",")).utf8) + [0, 0, 0])
        }
        return bodies[count]
    }

    /// The number of a set, with one reference that the caller owns.
    func intern(_ settings: [SessionSetting]) -> ProfileID {
        let sorted = settings.sorted()
        if let id = byContent[sorted] {
            retain(id)
            return id
        }
        let record = Record(
            settings: sorted,
            traits: ProfileTraits(sorted),
            references: 1,
            context: ParseContext(sorted, hash)
        )
        let id: ProfileID
        if let place = vacant.popLast() {
            id = place
            records[Int(id.rawValue)] = record
        } else {
            id = ProfileID(rawValue: UInt32(records.count))
            records.append(record)
        }
        byContent[sorted] = id
        return id
    }

    func retain(_ id: ProfileID) {
        if id != .base { records[Int(id.rawValue)].references += 1 }
    }

    func release(_ id: ProfileID) {
        if id == .base { return }
        records[Int(id.rawValue)].references -= 1
        if records[Int(id.rawValue)].references == 0 {
            byContent[records[Int(id.rawValue)].settings] = nil
            records[Int(id.rawValue)].settings = []
            vacant.append(id)
        }
    }

    /// Whether each set is referred to as often as is counted.
    func verify(_ counted: [ProfileID: Int], _ findings: inout Findings) {
        for index in records.indices.dropFirst() {
            let id = ProfileID(rawValue: UInt32(index))
            findings.expect(records[index].references, is: counted[id] ?? 0, "profile \(index) counts references")
        }
    }

    /// What statements that are parsed under a set are shared by.
    @inline(__always)
    func context(of id: ProfileID) -> ParseContext { records[Int(id.rawValue)].context }

    /// What settings become that were changed by a text with what was bound to it: the same to the same.
    func context(_ before: ParseContext, changedBy text: RawSpan, _ parameters: [String?]) -> ParseContext {
        var bytes = withUnsafeBytes(of: before.rawValue) { Array($0) } + text.array(0..<text.byteCount)
        for parameter in parameters { bytes += [0] + (parameter.map { Array($0.utf8) } ?? [0]) }
        return ParseContext(rawValue: hash.hash(bytes.span.bytes) | 1)
    }

    /// For a session whose settings, or whose view of the schema, nobody else is known to share.
    func uniqueContext() -> ParseContext {
        contexts &+= 1
        return ParseContext(unique: contexts, hash)
    }

    func settings(of id: ProfileID) -> [SessionSetting] { records[Int(id.rawValue)].settings }

    func traits(of id: ProfileID) -> ProfileTraits { records[Int(id.rawValue)].traits }

    /// The statements that bring a server from one set to another, as one Query string.
    ///
    /// `set_config` takes a value as the start-up packet does, so that lists (search_path, DateStyle) need no quoting
    /// of their parts.
    func statement(from current: ProfileID, to wanted: ProfileID) -> String {
        let have = settings(of: current)
        let want = settings(of: wanted)
        if have == want { return "" }
        var parts: [String] = []
        // Another role may not be allowed to change what the session's own is: it is left before anything else, and
        // taken on last.
        let hasRole = have.contains { Self.roles.contains($0.name) }
        if hasRole { parts.append("SET SESSION AUTHORIZATION DEFAULT;RESET ROLE") }
        var calls: [String] = []
        for change in Self.differences(have, want) where !Self.roles.contains(change.name) {
            if let value = change.value {
                if Self.isPartial(change.name, value) {
                    calls.append("pg_catalog.set_config(\(Self.literal(change.name)),NULL,false)")
                }
                calls.append(Self.call(SessionSetting(name: change.name, value: value)))
            } else {
                parts.append("RESET \(Self.quotedName(change.name))")
            }
        }
        for role in Self.roles {
            calls += want.filter { $0.name == role && (hasRole || !have.contains($0)) }.map(Self.call)
        }
        if !calls.isEmpty { parts.append("SELECT " + calls.joined(separator: ",")) }
        return parts.joined(separator: ";")
    }

    /// What differs between two sets, by name, as `set_config` takes it: no value resets. Nil where a role is among
    /// it, since then the order matters.
    func changes(from current: ProfileID, to wanted: ProfileID) -> [(name: String, value: String?)]? {
        let have = settings(of: current)
        let want = settings(of: wanted)
        if have.contains(where: { Self.roles.contains($0.name) })
            || want.contains(where: { Self.roles.contains($0.name) })
        {
            return nil
        }
        return Self.differences(have, want).flatMap { change in
            guard let value = change.value, Self.isPartial(change.name, value) else { return [change] }
            return [(change.name, nil), change]
        }
    }

    /// Whether the value leaves in part what was there before: of DateStyle as a client's start-up packet may give it.
    /// It completes the server's own value, not that of whoever has had the server last.
    private static func isPartial(_ name: String, _ value: String) -> Bool {
        name == "datestyle" && !value.contains(",")
    }

    /// Both are in the order of names.
    private static func differences(
        _ have: [SessionSetting],
        _ want: [SessionSetting]
    ) -> [(name: String, value: String?)] {
        var changes: [(name: String, value: String?)] = []
        var place = 0
        for setting in want {
            while place < have.count, have[place].name < setting.name {
                changes.append((have[place].name, nil))
                place += 1
            }
            if place < have.count, have[place].name == setting.name {
                if have[place].value != setting.value { changes.append((setting.name, setting.value)) }
                place += 1
            } else {
                changes.append((setting.name, setting.value))
            }
        }
        for setting in have[place...] { changes.append((setting.name, nil)) }
        return changes
    }

    /// Setting the first takes the second back (PostgreSQL documentation, SET SESSION AUTHORIZATION).
    private static let roles = ["session_authorization", "role"]

    private static func call(_ setting: SessionSetting) -> String {
        "pg_catalog.set_config(\(literal(setting.name)),\(literal(setting.value)),false)"
    }

    /// Each part of a custom setting's dotted name is an identifier of its own.
    static func quotedName(_ name: String) -> String {
        name.split(separator: ".", omittingEmptySubsequences: false).map { part in
            "\"" + part.replacing("\"", with: "\"\"") + "\""
        }.joined(separator: ".")
    }

    /// A string constant that means the same whatever standard_conforming_strings is.
    static func literal(_ value: String) -> String {
        let quoted = value.replacing("'", with: "''")
        guard value.contains("\\") else { return "'\(quoted)'" }
        return "E'\(quoted.replacing("\\", with: "\\\\"))'"
    }
}

/// The number of an interned set of session settings: two sessions with the same settings have the same number.
struct ProfileID: Hashable, BitwiseCopyable {
    let rawValue: UInt32

    /// No settings beside what the server itself has.
    static let base = ProfileID(rawValue: 0)
}
