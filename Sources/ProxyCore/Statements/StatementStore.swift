import Bytes
import StatementRouting

/// The statements that this worker's clients have prepared, each once however many clients did: equal are those with
/// the same text and the same parameter types that were parsed where they mean the same (`ParseScope`).
///
/// Bounded in bytes: what no client names any more stays for the next one until room is needed, oldest first.
final class StatementStore {
    private var records: UnsafeMutablePointer<PreparedStatement>
    private var capacity = 64
    private var used = 1  // place 0 is `StatementID.none`
    private var vacant: [StatementID] = []
    private var buckets: [StatementID]
    private let hash: KeyedHash
    /// Of clients' names, of statements and of portals.
    let nameHash: KeyedHash
    let profiles: ProfileStore
    private(set) var nextSerial: UInt64 = 1
    private var oldest = StatementID.none
    private var newest = StatementID.none
    private(set) var bytes = 0
    /// What clients' names for statements take, which counts against the same limit.
    var nameBytes = 0
    private(set) var count = 0
    private(set) var evictions: UInt64 = 0
    /// Bytes (`prepared_statement_memory`).
    var limit: Int {
        didSet { _ = hasRoom(forBytes: 0) }
    }

    /// Texts that servers have accepted in whatever epoch, by a hash that leaves that out.
    private var accepted: Set<UInt64> = []
    /// Of those that clients have asked about.
    private var descriptions: [StatementID: StatementDescription] = [:]
    /// More are not remembered: then it begins anew.
    private static let mostAccepted = 16_384

    /// What a record costs beside its body.
    private static let overhead = MemoryLayout<PreparedStatement>.stride + 16

    init(limit: Int, seed: UInt64, profiles: ProfileStore) {
        self.limit = limit
        self.profiles = profiles
        hash = KeyedHash(seed: seed)
        nameHash = KeyedHash(seed: seed ^ 0x5DEE_CE66)
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
    func find(_ body: RawSpan, in scope: ParseScope) -> StatementID? {
        find(body, scope, hash: hash.hash(body) ^ scope.mixed)
    }

    private func find(_ body: RawSpan, _ scope: ParseScope, hash: UInt64) -> StatementID? {
        var id = buckets[Int(truncatingIfNeeded: hash) & (buckets.count &- 1)]
        while !id.isNone {
            let record = self[id]
            if record.pointee.hash == hash, record.pointee.scope == scope, !record.pointee.isRetired,
                isEqual(record.pointee.body, body)
            {
                return id
            }
            id = record.pointee.nextInBucket
        }
        return nil
    }

    /// Adds a statement that `find` did not find; nobody references it yet, so `retain` comes next.
    /// - Parameter profile: the settings of its scope; a reference is taken.
    /// - Returns: nil where the limit is reached by statements that are all in use.
    func intern(
        _ body: RawSpan,
        in scope: ParseScope,
        _ profile: ProfileID,
        textSize: Int,
        statementClass: StatementClass,
        classStamp: UInt32
    ) -> StatementID? {
        guard hasRoom(for: body.byteCount) else { return nil }
        return internAnyway(
            body,
            in: scope,
            profile,
            textSize: textSize,
            statementClass: statementClass,
            classStamp: classStamp
        )
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
        in scope: ParseScope,
        _ profile: ProfileID,
        textSize: Int,
        statementClass: StatementClass,
        classStamp: UInt32
    ) -> StatementID {
        let size = body.byteCount + Self.overhead
        let hash = hash.hash(body) ^ scope.mixed
        profiles.retain(profile)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: body.byteCount, alignment: 8)
        body.withUnsafeBytes { copy.copyMemory(from: $0) }
        let id = takePlace()
        let bucket = Int(truncatingIfNeeded: hash) & (buckets.count - 1)
        var record = PreparedStatement(
            hash: hash,
            scope: scope,
            profile: profile,
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

    /// A server has accepted a statement's Parse, where it is met as `stamp` says.
    @inline(__always)
    func noteAccepted(_ id: StatementID, _ stamp: UInt32) {
        let record = self[id]
        if record.pointee.acceptedStamp == stamp { return }
        record.pointee.acceptedStamp = stamp
        if accepted.count >= Self.mostAccepted { accepted.removeAll() }
        accepted.insert(record.pointee.hash ^ record.pointee.scope.mixed ^ record.pointee.scope.mixedForEver)
    }

    /// Whether a server has accepted the same before, if by another schema perhaps.
    func wasAccepted(_ body: RawSpan, in scope: ParseScope) -> Bool {
        accepted.contains(hash.hash(body) ^ scope.mixedForEver)
    }

    /// Adds a statement of which no more is kept than what it does, which is not known yet.
    func addPrivate() -> StatementID {
        let id = internAnyway(
            RawSpan(),
            in: .proxy,
            .base,
            textSize: 0,
            statementClass: StatementClass(access: .unknown, reason: .tooLong),
            classStamp: 0
        )
        self[id].pointee.isPrivate = true
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

    /// No Parse finds the statement any more: what servers have of it is out of date. Whoever has a name for it keeps
    /// it as it is.
    func retire(_ id: StatementID) { self[id].pointee.isRetired = true }

    /// Whether a place still has the statement that servers know by this serial.
    func holds(_ serial: StatementSerial, at id: StatementID) -> Bool {
        !id.isNone && Int(id.rawValue) < used && self[id].pointee.serial == serial
    }

    /// Whether two are one and the same to a client, if perhaps run under other settings.
    func isSame(_ id: StatementID, but other: StatementID) -> Bool {
        if id == other { return true }
        let (one, two) = (self[id].pointee, self[other].pointee)
        var scope = one.scope
        scope.usedUnder = two.scope.usedUnder
        return scope == two.scope && one.body.isSame(as: two.body)
    }

    func description(of id: StatementID) -> StatementDescription? { descriptions[id] }

    func describe(_ id: StatementID, _ description: StatementDescription) {
        bytes += (description.types?.count ?? 0) - (descriptions[id]?.types?.count ?? 0)
        descriptions[id] = description
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
                    "statement \(id.rawValue), \(String(decoding: record.text.prefix(40), as: UTF8.self)), counts references"
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

    /// Counts the references to profiles that statements hold.
    func count(in census: inout Census) {
        for bucket in buckets {
            var id = bucket
            while !id.isNone {
                census.refer(to: self[id].pointee.profile)
                id = self[id].pointee.nextInBucket
            }
        }
    }

    private func isEqual(_ held: UnsafeRawBufferPointer, _ body: RawSpan) -> Bool {
        body.withUnsafeBytes { held.isSame(as: $0) }
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
        if record.isDescribed, let description = descriptions.removeValue(forKey: id) {
            bytes -= description.types?.count ?? 0
        }
        record.body.deallocate()
        profiles.release(record.profile)
        self[id].pointee.serial = .none
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
