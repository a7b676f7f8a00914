/// Whether the batch that a client has in flight may run again, and what its tries so far have told of where.
///
/// The batch's bytes and the names that it has changed are kept beside it (`ClientSession.replay`, `undo`).
struct SecondTries: BitwiseCopyable {
    /// Statements with a serial from this on were first prepared in the batch.
    private(set) var firstNewSerial: UInt64 = 0
    /// Replicas on which it was lost: a bit for each, which those share whose numbers differ by a multiple of 32.
    private var losses: UInt32 = 0
    /// The batch's bytes are kept and nothing of its reply has left: replies wait in the client's output.
    private(set) var isArmed = false
    /// Tries before this one; it saturates.
    private var count: UInt8 = 0
    /// The batch goes to the primary, whatever its class: a replica has refused it.
    private(set) var isForcedToPrimary = false
    /// What may be done should servers have something of the batch that is out of date.
    private(set) var renewal = Renewal.none

    /// This is the first try.
    var isFirst: Bool { count == 0 }

    /// Whether there may be another: as many as nodes, and one.
    func mayGoOn(nodes: Int) -> Bool { Int(count) <= nodes }

    // MARK: A batch

    /// A batch, or a part of one that is decided by itself, is about to be sent.
    @inline(__always)
    mutating func begin(firstNewSerial serial: UInt64) { firstNewSerial = serial }

    @inline(__always)
    mutating func arm(_ renewal: Renewal) {
        isArmed = true
        self.renewal = renewal
    }

    /// Another batch is sent behind it, and would run again with it.
    mutating func join(_ renewal: Renewal) { self.renewal = self.renewal.and(renewal) }

    /// The reply begins to leave: there will be no other try, and what was decided for this one does not hold for the
    /// next batch.
    @inline(__always)
    mutating func end() {
        isArmed = false
        count = 0
        isForcedToPrimary = false
        losses = 0
    }

    // MARK: Another try

    /// It is taken as if it had just come.
    mutating func runAgain() {
        isArmed = false
        if count < .max { count += 1 }
    }

    mutating func forceToPrimary() { isForcedToPrimary = true }

    /// It was lost on this replica. Of a node that ends, other servers may be there still, and end next.
    mutating func wasLost(on node: Int) { losses |= Self.bit(node) }

    @inline(__always)
    var hasLosses: Bool { losses != 0 }

    @inline(__always)
    func hasBeenLost(on node: Int) -> Bool { losses & Self.bit(node) != 0 }

    /// Nothing else takes the batch: those on which it was lost are as good as any.
    mutating func forgive() { losses = 0 }

    @inline(__always)
    private static func bit(_ node: Int) -> UInt32 { 1 << UInt32(truncatingIfNeeded: node & 31) }
}
