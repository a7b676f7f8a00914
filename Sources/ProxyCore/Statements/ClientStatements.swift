import Bytes

/// A change of what a client's name means that a server has confirmed, kept while its batch may still run again.
/// Holds a reference to each statement.
struct NameChange: BitwiseCopyable {
    let place: ClientStatements.Place
    /// What the name meant before.
    let previous: StatementID
    /// What a Parse of the client's has prepared.
    let parsed: StatementID
}

/// One client's names for prepared statements.
///
/// Changes are made when a message is sent and taken back where its reply shows that the server never carried it out; a
/// place therefore keeps its number until `compact`, which the owner calls when no reply is outstanding.
struct ClientStatements {
    struct Place: BitwiseCopyable {
        let index: UInt32
        /// Means the unnamed statement, which the session itself holds.
        static let unnamed = Place(index: .max)
        static let nowhere = Place(index: .max - 1)
    }

    private struct Entry: BitwiseCopyable {
        let hash: UInt64
        let nameOffset: UInt32
        let nameSize: UInt32
        var statement: StatementID
    }

    private var entries: [Entry] = []
    private var names: [UInt8] = []
    /// Places by hash, once there are too many to look through.
    private var table: [Int32] = []
    private var meaning: UInt32 = 0
    /// Bytes of the names that mean a statement, of which there are `count`.
    private var meaningBytes: UInt32 = 0

    private static let scanned = 8
    /// What a place takes beside its name: an entry, and its part of the table.
    private static let bytesPerPlace = MemoryLayout<Entry>.stride + 16

    var count: Int { Int(meaning) }

    /// Bytes that the names take, those among them that mean nothing any more: what counts against
    /// `client_statement_names`.
    var bytes: Int { names.count + entries.count * Self.bytesPerPlace }

    /// What one more name would take.
    static func bytes(of name: RawSpan) -> Int { name.byteCount + bytesPerPlace }

    init() {}

    /// The place of a name, whether or not it means a statement now.
    @inline(__always)
    func find(_ name: RawSpan, hash: UInt64) -> Place? {
        if table.isEmpty {
            for index in entries.indices where entries[index].hash == hash && isNamed(index, name) {
                return Place(index: UInt32(index))
            }
            return nil
        }
        var place = Int(truncatingIfNeeded: hash) & (table.count &- 1)
        while table[place] >= 0 {
            let index = Int(table[place])
            if entries[index].hash == hash, isNamed(index, name) { return Place(index: UInt32(index)) }
            place = (place &+ 1) & (table.count &- 1)
        }
        return nil
    }

    func statement(at place: Place) -> StatementID { entries[Int(place.index)].statement }

    /// Makes a place for a name that `find` did not find; it means no statement yet.
    mutating func add(_ name: RawSpan, hash: UInt64) -> Place {
        let entry = Entry(
            hash: hash,
            nameOffset: UInt32(names.count),
            nameSize: UInt32(name.byteCount),
            statement: .none
        )
        name.withUnsafeBytes { names.append(contentsOf: $0) }
        entries.append(entry)
        if entries.count > Self.scanned {
            if entries.count * 2 > table.count {
                rebuildTable(size: Swift.max(32, table.count * 2))
            } else {
                addToTable(entries.count - 1)
            }
        }
        return Place(index: UInt32(entries.count - 1))
    }

    /// Lets a place mean another statement (or none) and returns what it meant.
    mutating func set(_ place: Place, to statement: StatementID) -> StatementID {
        let previous = entries[Int(place.index)].statement
        entries[Int(place.index)].statement = statement
        let change: Int32 = (statement.isNone ? 0 : 1) - (previous.isNone ? 0 : 1)
        meaning &+= UInt32(bitPattern: change)
        meaningBytes &+= UInt32(bitPattern: change) &* entries[Int(place.index)].nameSize
        return previous
    }

    /// All statements that names mean, for releasing them.
    func forEach(_ body: (StatementID) -> Void) {
        for entry in entries where !entry.statement.isNone { body(entry.statement) }
    }

    /// Lets all places but those of `kept` mean nothing, handing what they meant to `body`.
    mutating func forgetAll(but kept: Set<UInt32>, _ body: (StatementID) -> Void) {
        for index in entries.indices where !entries[index].statement.isNone && !kept.contains(UInt32(index)) {
            body(entries[index].statement)
            entries[index].statement = .none
            meaning -= 1
            meaningBytes -= entries[index].nameSize
        }
    }

    mutating func removeAll() { self = ClientStatements() }

    /// Drops places that mean nothing, once they are many. No reply may be outstanding, since replies name places.
    mutating func compact() {
        if entries.count > 16 ? count * 2 < entries.count : names.count > 1_024 && Int(meaningBytes) * 2 < names.count {
            compactNow()
        }
    }

    /// The same, however few they are.
    mutating func compactNow() {
        var kept = ClientStatements()
        for index in entries.indices where !entries[index].statement.isNone {
            let place = kept.add(name(index).span.bytes, hash: entries[index].hash)
            _ = kept.set(place, to: entries[index].statement)
        }
        self = kept
    }

    func name(at place: Place) -> [UInt8] { name(Int(place.index)) }

    /// All names that mean statements, and what they mean.
    func forEachName(_ body: ([UInt8], StatementID) -> Void) {
        for index in entries.indices where !entries[index].statement.isNone {
            body(name(index), entries[index].statement)
        }
    }

    /// The first name that means such a statement.
    func name(where isMeant: (StatementID) -> Bool) -> [UInt8]? {
        entries.firstIndex { !$0.statement.isNone && isMeant($0.statement) }.map { name($0) }
    }

    private func name(_ index: Int) -> [UInt8] {
        let offset = Int(entries[index].nameOffset)
        return Array(names[offset..<offset + Int(entries[index].nameSize)])
    }

    private func isNamed(_ index: Int, _ name: RawSpan) -> Bool {
        let entry = entries[index]
        guard Int(entry.nameSize) == name.byteCount else { return false }
        return name.withUnsafeBytes { bytes in
            names.withUnsafeBytes {
                let held = $0[Int(entry.nameOffset)..<Int(entry.nameOffset &+ entry.nameSize)]
                return UnsafeRawBufferPointer(rebasing: held).isSame(as: bytes)
            }
        }
    }

    private mutating func addToTable(_ index: Int) {
        var place = Int(truncatingIfNeeded: entries[index].hash) & (table.count - 1)
        while table[place] >= 0 { place = (place + 1) & (table.count - 1) }
        table[place] = Int32(index)
    }

    private mutating func rebuildTable(size: Int) {
        table = Array(repeating: -1, count: size)
        for index in entries.indices { addToTable(index) }
    }
}
