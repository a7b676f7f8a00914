import PostgresWire
import Testing

@testable import ProxyCore

/// The moves of a transaction that begins on a replica, without an engine: each state and each answer.
struct LeadingReadsNextTests {
    /// What a batch is to a replica.
    enum Batch: CaseIterable {
        case read
        /// No plain read, and a replica can run it: a cursor, a savepoint.
        case other
        case needsPrimary
    }

    private static func next(_ transaction: ClientTransaction, _ batch: Batch, isBusy: Bool = false) -> LeadingReads {
        LeadingReads.next(
            transaction,
            isBusy: isBusy,
            isRead: batch == .read,
            needsPrimary: batch == .needsPrimary
        )
    }

    /// By state: for a read, for what binds, for what needs the primary.
    private static let expected: [ClientTransaction: [LeadingReads]] = [
        .begunReadOnly: [.goOn, .bind, .bind],
        .beginningToLead: [.goOn, .move, .move],
        .leading: [.goOn, .move, .move],
        .leadingReadOnly: [.goOn, .bind, .move],
    ]

    @Test(arguments: ClientTransaction.allCases) func next(_ transaction: ClientTransaction) {
        let found = Batch.allCases.map { Self.next(transaction, $0) }
        #expect(found == Self.expected[transaction] ?? [.goOn, .goOn, .goOn])
    }

    @Test(
        "On a replica that owes replies everything waits, and nothing is looked at",
        arguments: ClientTransaction.allCases
    )
    func busy(_ transaction: ClientTransaction) {
        for batch in Batch.allCases {
            let next = Self.next(transaction, batch, isBusy: true)
            #expect((next == .wait) == transaction.isLeading)
        }
        guard transaction.isLeading else { return }
        var looks = 0
        func look() -> Bool {
            looks += 1
            return true
        }
        _ = LeadingReads.next(transaction, isBusy: true, isRead: look(), needsPrimary: look())
        #expect(looks == 0)
    }

    // MARK: The moves

    @Test(arguments: ClientTransaction.allCases) func beginIsSent(_ transaction: ClientTransaction) {
        #expect(transaction.begun(onReplica: false) == (transaction.isDeferred ? .open : transaction))
        let onReplica = transaction.begun(onReplica: true)
        switch transaction {
        case .begunToLead: #expect(onReplica == .leading)
        case .begunReadOnly: #expect(onReplica == .leadingReadOnly)
        default: #expect(onReplica == transaction.begun(onReplica: false))
        }
        #expect(!onReplica.isDeferred)
    }

    @Test(
        "Without its replica a transaction is what it was before it began there",
        arguments: ClientTransaction.allCases
    )
    func replicaIsLeft(_ transaction: ClientTransaction) {
        let left = transaction.withoutReplica
        switch transaction {
        case .leading: #expect(left == .begun)
        case .leadingReadOnly: #expect(left == .begunReadOnly)
        // The batch has the BEGIN in it.
        case .beginningToLead: #expect(left == .none)
        default: #expect(left == transaction)
        }
        #expect(left.withoutReplica == left, "it is left once")
        #expect(!left.isLeading || left.isFailed)
    }

    @Test("What is bound does not move any more", arguments: ClientTransaction.allCases)
    func bound(_ transaction: ClientTransaction) {
        guard Batch.allCases.contains(where: { Self.next(transaction, $0) == .bind }) else {
            #expect(transaction.bound == transaction)
            return
        }
        #expect(!transaction.bound.mayLeaveReplica)
        #expect(transaction.bound.isDeferred == transaction.isDeferred)
        for batch in Batch.allCases { #expect(Self.next(transaction.bound, batch) == .goOn) }
        #expect(transaction.bound.begun(onReplica: true) == .open)
    }

    @Test("Only what has read alone may leave its replica", arguments: ClientTransaction.allCases)
    func mayLeave(_ transaction: ClientTransaction) {
        let mayLead: Set<ClientTransaction> = [
            .begunToLead, .begunReadOnly, .beginningToLead, .leading, .leadingReadOnly,
        ]
        #expect(transaction.mayLeaveReplica == mayLead.contains(transaction))
        if Batch.allCases.contains(where: { Self.next(transaction, $0) == .move }) {
            #expect(transaction.mayLeaveReplica && !transaction.withoutReplica.isLeading)
        }
    }

    @Test("What a cycle leaves: on a replica it leads on, and fails there", arguments: ClientTransaction.allCases)
    func cycle(_ transaction: ClientTransaction) {
        #expect(transaction.after(.idle) == .none)
        #expect(transaction.after(.failed).isFailed)
        #expect(transaction.after(.failed).isLeading == transaction.isLeading)
        #expect(transaction.after(.inTransaction).isLeading == transaction.isLeading)
        #expect(!transaction.after(.inTransaction).isFailed)
        #expect((transaction.after(.inTransaction) == .leadingReadOnly) == (transaction == .leadingReadOnly))
    }
}
