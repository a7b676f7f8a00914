/// Which interned statements one server has prepared, least recently used first.
///
/// Statements that clients know as unnamed ones are planned for the values of each of them, as they would be were each
/// prepared anew: their executions are counted, and they are renewed in time.
///
/// An open-addressing table over slots that are chained by use; grows with what is prepared and never shrinks.
struct ServerStatements {
    private struct Slot: BitwiseCopyable {
        var serial: StatementSerial
        /// Since it was prepared; saturating.
        var executions: UInt8 = 0
        var older: Int32
        var newer: Int32
    }

    private var slots: [Slot] = []
    private var vacant: [Int32] = []
    private var table: [Int32] = []
    private var oldest: Int32 = -1
    private var newest: Int32 = -1

    init() {}

    var count: Int { slots.count - vacant.count }

    /// Whether the server has the statement; if so it becomes the most recently used.
    @inline(__always)
    mutating func use(_ serial: StatementSerial) -> Bool {
        let slot = find(serial)
        guard slot >= 0 else { return false }
        if slot != newest {
            unlink(slot)
            linkAsNewest(slot)
        }
        return true
    }

    /// PostgreSQL plans a prepared statement for its values in so many executions; then it may take to a plan for any
    /// (PREPARE, Notes).
    static let executionsByValues: UInt8 = 5

    /// Counts an execution of a statement that is there.
    /// - Returns: false where it must be prepared anew first, or its plan might be another than that for its values.
    mutating func mayExecute(_ serial: StatementSerial) -> Bool {
        let slot = find(serial)
        guard slot >= 0 else { return true }
        guard slots[Int(slot)].executions < Self.executionsByValues else {
            slots[Int(slot)].executions = 1
            return false
        }
        slots[Int(slot)].executions += 1
        return true
    }

    func contains(_ serial: StatementSerial) -> Bool { find(serial) >= 0 }

    mutating func insert(_ serial: StatementSerial) {
        if find(serial) >= 0 { return }
        if (count + 1) * 2 > table.count { rebuildTable(size: Swift.max(16, table.count * 2)) }
        let slot: Int32
        if let place = vacant.popLast() {
            slot = place
        } else {
            slots.append(Slot(serial: .none, older: -1, newer: -1))
            slot = Int32(slots.count - 1)
        }
        slots[Int(slot)].serial = serial
        slots[Int(slot)].executions = 0
        linkAsNewest(slot)
        addToTable(slot)
    }

    mutating func remove(_ serial: StatementSerial) {
        let slot = find(serial)
        guard slot >= 0 else { return }
        unlink(slot)
        slots[Int(slot)].serial = .none
        vacant.append(slot)
        // Removal is rare (eviction, repair): rebuilding keeps the look-up free of tombstones.
        rebuildTable(size: table.count)
    }

    /// The statement that has not been used for the longest time.
    var leastRecentlyUsed: StatementSerial? {
        oldest < 0 ? nil : slots[Int(oldest)].serial
    }

    func forEach(_ body: (StatementSerial) -> Void) {
        var slot = oldest
        while slot >= 0 {
            body(slots[Int(slot)].serial)
            slot = slots[Int(slot)].newer
        }
    }

    mutating func removeAll() { self = ServerStatements() }

    /// Whether the chain by use holds what is counted.
    func verify(_ name: SessionName, _ findings: inout Findings) {
        var chained = 0
        var slot = oldest
        while slot >= 0, chained <= slots.count {
            chained += 1
            slot = slots[Int(slot)].newer
        }
        findings.expect(chained, is: count, "\(name) counts its prepared statements")
    }

    @inline(__always)
    private func find(_ serial: StatementSerial) -> Int32 {
        guard !table.isEmpty else { return -1 }
        var place = Self.place(of: serial, in: table.count)
        while table[place] >= 0 {
            if slots[Int(table[place])].serial == serial { return table[place] }
            place = (place &+ 1) & (table.count &- 1)
        }
        return -1
    }

    private mutating func addToTable(_ slot: Int32) {
        var place = Self.place(of: slots[Int(slot)].serial, in: table.count)
        while table[place] >= 0 { place = (place + 1) & (table.count - 1) }
        table[place] = slot
    }

    private mutating func rebuildTable(size: Int) {
        table = Array(repeating: -1, count: size)
        var slot = oldest
        while slot >= 0 {
            addToTable(slot)
            slot = slots[Int(slot)].newer
        }
    }

    /// Serials are consecutive: a multiplication spreads them.
    private static func place(of serial: StatementSerial, in size: Int) -> Int {
        Int(truncatingIfNeeded: serial.rawValue &* 0x9E37_79B9_7F4A_7C15 >> 32) & (size &- 1)
    }

    private mutating func unlink(_ slot: Int32) {
        let links = slots[Int(slot)]
        if links.older < 0 { oldest = links.newer } else { slots[Int(links.older)].newer = links.newer }
        if links.newer < 0 { newest = links.older } else { slots[Int(links.newer)].older = links.older }
    }

    private mutating func linkAsNewest(_ slot: Int32) {
        slots[Int(slot)].older = newest
        slots[Int(slot)].newer = -1
        if newest < 0 { oldest = slot } else { slots[Int(newest)].newer = slot }
        newest = slot
    }
}
