import Bytes
import StatementRouting

/// The statements that this worker's clients have prepared, each once however many clients did: equal are those with
/// the same text and the same
/// parameter types.
///
/// Bounded in bytes: what no client names any more stays for the next one until room is needed, oldest first.
final class StatementStore {
    private var records: UnsafeMutablePointer<PreparedStatement>
    private var capacity = 64
    private var used = 1  // place 0 is `StatementID.none`
    private var vacant: [StatementID] = []
    private var buckets: [StatementID]
    private let hash: KeyedHash
    private var nextSerial: UInt64 = 1
    private var oldest = StatementID.none
    private var newest = StatementID.none
    private(set) var bytes = 0
    /// What clients' names for statements take, which counts against the same limit.
    var nameBytes = 0
    private(set) var count = 0
    private(set) var evictions: UInt64 = 0
    let limit: Int

    /// What a record costs beside its body.
    private static let overhead = MemoryLayout<PreparedStatement>.stride + 16

    /// - Parameter limit: bytes (`prepared_statement_memory`).
    init(limit: Int, seed: UInt64) {
        self.limit = limit
        hash = KeyedHash(seed: seed)
        records = .allocate(capacity: capacity)
        buckets = Array(repeating: .none, count: 256)
    }

    deinit {
        for bucket in buckets {
            var id = bucket
            while !id.isNone {
                records[Int(id.rawValue)].body.deallocate()
                id = records[Int(id.rawValue)].nextInBucket
            }
        }
        records.deallocate()
    }

    /// The record; valid until the next `intern`.
    @inline(__always)
    subscript(_ id: StatementID) -> UnsafeMutablePointer<PreparedStatement> {
        precondition(!id.isNone && Int(id.rawValue) < used)
        return records + Int(id.rawValue)
    }

    /// Finds the statement with this Parse body (everything behind the name).
    @inline(__always)
    func find(_ body: RawSpan) -> StatementID? {
        find(body, hash: hash.hash(body))
    }

    private func find(_ body: RawSpan, hash: UInt64) -> StatementID? {
        var id = buckets[Int(truncatingIfNeeded: hash) & (buckets.count &- 1)]
        while !id.isNone {
            let record = self[id]
            if record.pointee.hash == hash, isEqual(record.pointee.body, body) { return id }
            id = record.pointee.nextInBucket
        }
        return nil
    }

    /// Adds a statement that `find` did not find; nobody references it yet, so `retain` comes next.
    /// - Returns: nil where the limit is reached by statements that are all in use.
    func intern(
        _ body: RawSpan,
        textSize: Int,
        statementClass: StatementClass,
        classStamp: UInt32
    ) -> StatementID? {
        guard hasRoom(for: body.byteCount) else { return nil }
        return internAnyway(body, textSize: textSize, statementClass: statementClass, classStamp: classStamp)
    }

    /// Makes room for a body of so many bytes, if that is possible.
    func hasRoom(for size: Int) -> Bool {
        hasRoom(forBytes: size + Self.overhead)
    }

    private func hasRoom(forBytes size: Int) -> Bool {
        while bytes + nameBytes + size > limit, !oldest.isNone { evict(oldest) }
        return bytes + nameBytes + size <= limit
    }

    /// Makes room for a client's name that takes so many bytes, if that is possible.
    func hasRoom(forName size: Int) -> Bool { hasRoom(forBytes: size) }

    /// The same as `intern`, beyond the limit if need be.
    func internAnyway(
        _ body: RawSpan,
        textSize: Int,
        statementClass: StatementClass,
        classStamp: UInt32
    ) -> StatementID {
        let size = body.byteCount + Self.overhead
        let hash = hash.hash(body)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: body.byteCount, alignment: 8)
        body.withUnsafeBytes { copy.copyMemory(from: $0) }
        let id = takePlace()
        let bucket = Int(truncatingIfNeeded: hash) & (buckets.count - 1)
        var record = PreparedStatement(
            hash: hash,
            serial: StatementSerial(rawValue: nextSerial),
            body: UnsafeRawBufferPointer(copy),
            textSize: textSize,
            statementClass: statementClass,
            classStamp: classStamp
        )
        nextSerial += 1
        record.nextInBucket = buckets[bucket]
        (records + Int(id.rawValue)).initialize(to: record)
        buckets[bucket] = id
        bytes += size
        count += 1
        appendToUnreferenced(id)
        if count > buckets.count { growBuckets() }
        return id
    }

    @inline(__always)
    func retain(_ id: StatementID) {
        let record = self[id]
        if record.pointee.references == 0 { removeFromUnreferenced(id) }
        record.pointee.references &+= 1
    }

    @inline(__always)
    func release(_ id: StatementID) {
        if id.isNone { return }
        let record = self[id]
        precondition(record.pointee.references > 0)
        record.pointee.references &-= 1
        if record.pointee.references == 0 { appendToUnreferenced(id) }
    }

    /// Gives a statement a new serial: what servers have under the old one is not used again.
    func renew(_ id: StatementID) {
        self[id].pointee.serial = StatementSerial(rawValue: nextSerial)
        nextSerial += 1
        self[id].pointee.acceptedStamp = 0
    }

    /// References to all statements together: walks through them all, for inspection.
    var references: Int {
        var count = 0
        for bucket in buckets {
            var id = bucket
            while !id.isNone {
                count += Int(self[id].pointee.references)
                id = self[id].pointee.nextInBucket
            }
        }
        return count
    }

    /// Whether each statement is referred to as often as is counted, and none is referred to that is not there.
    func verify(_ counted: [StatementID: Int], _ findings: inout Findings) {
        var left = counted
        var unreferenced = 0
        for bucket in buckets {
            var id = bucket
            while !id.isNone {
                let record = self[id].pointee
                findings.expect(
                    Int(record.references),
                    is: left.removeValue(forKey: id) ?? 0,
                    "statement \(id.rawValue) counts references"
                )
                if record.references == 0 { unreferenced += 1 }
                id = record.nextInBucket
            }
        }
        findings.expect(left.isEmpty, "\(left.count) statements are referred to and not there")
        var id = oldest
        while !id.isNone, unreferenced >= 0 {
            unreferenced -= 1
            id = self[id].pointee.newer
        }
        findings.expect(unreferenced, is: 0, "statements that nobody refers to are not in their list")
    }

    private func isEqual(_ held: UnsafeRawBufferPointer, _ body: RawSpan) -> Bool {
        guard held.count == body.byteCount else { return false }
        return body.withUnsafeBytes { held.elementsEqual($0) }
    }

    private func takePlace() -> StatementID {
        if let id = vacant.popLast() { return id }
        if used == capacity {
            let larger = UnsafeMutablePointer<PreparedStatement>.allocate(capacity: capacity * 2)
            (larger + 1).moveInitialize(from: records + 1, count: used - 1)
            records.deallocate()
            records = larger
            capacity *= 2
        }
        used += 1
        return StatementID(rawValue: UInt32(used - 1))
    }

    private func evict(_ id: StatementID) {
        removeFromUnreferenced(id)
        let record = self[id].pointee
        let bucket = Int(truncatingIfNeeded: record.hash) & (buckets.count - 1)
        if buckets[bucket] == id {
            buckets[bucket] = record.nextInBucket
        } else {
            var previous = buckets[bucket]
            while self[previous].pointee.nextInBucket != id { previous = self[previous].pointee.nextInBucket }
            self[previous].pointee.nextInBucket = record.nextInBucket
        }
        bytes -= record.body.count + Self.overhead
        count -= 1
        evictions += 1
        record.body.deallocate()
        vacant.append(id)
    }

    private func growBuckets() {
        var larger = [StatementID](repeating: .none, count: buckets.count * 2)
        for bucket in buckets {
            var id = bucket
            while !id.isNone {
                let next = self[id].pointee.nextInBucket
                let place = Int(truncatingIfNeeded: self[id].pointee.hash) & (larger.count - 1)
                self[id].pointee.nextInBucket = larger[place]
                larger[place] = id
                id = next
            }
        }
        buckets = larger
    }

    private func appendToUnreferenced(_ id: StatementID) {
        self[id].pointee.older = newest
        self[id].pointee.newer = .none
        if newest.isNone { oldest = id } else { self[newest].pointee.newer = id }
        newest = id
    }

    private func removeFromUnreferenced(_ id: StatementID) {
        let record = self[id].pointee
        if record.older.isNone { oldest = record.newer } else { self[record.older].pointee.newer = record.newer }
        if record.newer.isNone { newest = record.older } else { self[record.newer].pointee.older = record.older }
    }
}
