import PostgresWire
import Testing

@testable import ProxyCore

/// What a lost server means for its client, and what the client is told, decided without an engine.
struct ServerLossTests {
    /// One row of the table.
    struct Given: CustomStringConvertible {
        let description: String
        var lost = LostServer()
        let expected: ServerLoss

        init(_ description: String, _ expected: ServerLoss, _ change: (inout LostServer) -> Void = { _ in }) {
            self.description = description
            self.expected = expected
            change(&lost)
        }
    }

    private static func read(_ lost: inout LostServer) {
        lost.isArmed = true
        lost.isRead = true
        lost.isReplica = true
        lost.mayGoOn = true
        lost.isOwed = true
    }

    private static func inTransaction(_ lost: inout LostServer) {
        lost.status = .inTransaction
        lost.transaction = .open
    }

    private static let table: [Given] = [
        Given("nothing was under way", .idle),
        Given("it waits to be let in", .logIn) { $0.isWelcoming = true },
        Given("it replicates", .replication) { $0.isReplication = true },
        Given("half a message has left", .halfMessage) {
            $0.isInClientsMessage = true
            $0.isInBatch = true
        },
        Given("half a message of what could run again", .halfMessage) {
            read(&$0)
            $0.isInClientsMessage = true
        },
        Given("a read on a replica", .read, read),
        Given("a leading read", .read) {
            read(&$0)
            inTransaction(&$0)
            $0.transaction = .leading
        },
        Given("a read whose reply has begun to leave", .answers(leaves: .none, isOverWithLast: false)) {
            read(&$0)
            $0.isArmed = false
        },
        Given("a read on the primary", .answers(leaves: .none, isOverWithLast: false)) {
            read(&$0)
            $0.isReplica = false
        },
        Given("what is no read, on a replica", .answers(leaves: .none, isOverWithLast: false)) {
            read(&$0)
            $0.isRead = false
        },
        Given("a read that was tried everywhere", .answers(leaves: .none, isOverWithLast: false)) {
            read(&$0)
            $0.mayGoOn = false
        },
        Given("settings are in front of the batch", .nothingSent) { $0.isSettling = true },
        Given("a BEGIN that was answered is in front of the batch", .transaction) {
            inTransaction(&$0)
            $0.isSettling = true
        },
        Given("a statement in a transaction", .answers(leaves: .lost, isOverWithLast: false)) {
            inTransaction(&$0)
            $0.isOwed = true
        },
        Given("COMMIT", .answers(leaves: .lost, isOverWithLast: true)) {
            inTransaction(&$0)
            $0.isOwed = true
            $0.ending = .commit
        },
        Given("ROLLBACK of a failed transaction", .answers(leaves: .lost, isOverWithLast: true)) {
            $0.status = .failed
            $0.transaction = .failed
            $0.isOwed = true
            $0.ending = .rollback
        },
        Given("a COMMIT may be among them", .answers(leaves: .lost, isOverWithLast: false)) {
            inTransaction(&$0)
            $0.isOwed = true
            $0.ending = .possible
        },
        Given("in a batch", .batch(leaves: .none)) { $0.isInBatch = true },
        Given("in a batch that has COMMIT in it", .batch(leaves: .lost)) {
            inTransaction(&$0)
            $0.isInBatch = true
            $0.ending = .commit
        },
        Given("in a batch that has failed", .failedBatch(leaves: .none)) {
            $0.isInBatch = true
            $0.isSkipping = true
        },
        Given("in a batch of a transaction that has failed", .failedBatch(leaves: .lost)) {
            $0.status = .inTransaction
            $0.isInBatch = true
            $0.isSkipping = true
        },
        Given("in a batch, and one before it has failed", .batch(leaves: .none)) {
            $0.isInBatch = true
            $0.isSkipping = true
            $0.isOwed = true
        },
        Given("between leading reads", .leadingReads) {
            $0.status = .inTransaction
            $0.transaction = .leading
        },
        Given("between the reads of a read-only transaction", .leadingReads) {
            $0.status = .inTransaction
            $0.transaction = .leadingReadOnly
        },
        Given("between statements", .transaction, inTransaction),
        Given("behind an error", .failedTransaction) {
            $0.status = .failed
            $0.transaction = .failed
        },
        Given("behind an error in leading reads", .failedTransaction) {
            $0.status = .failed
            $0.transaction = .leadingFailed
        },
    ]

    @Test(arguments: table) func loss(_ given: Given) {
        #expect(ServerLoss(given.lost) == given.expected)
    }

    /// Every combination of all that has a say.
    private static var combinations: some Sequence<LostServer> {
        let flags: [WritableKeyPath<LostServer, Bool>] = [
            \.isWelcoming, \.isReplication, \.isInClientsMessage, \.isArmed, \.isRead, \.isReplica, \.mayGoOn, \.isOwed,
            \.isInBatch, \.isSettling, \.isSkipping,
        ]
        let statuses: [TransactionStatus] = [.idle, .inTransaction, .failed]
        return (0..<1 << flags.count).lazy.flatMap { bits in
            var lost = LostServer()
            for (index, flag) in flags.enumerated() { lost[keyPath: flag] = bits >> index & 1 == 1 }
            return statuses.flatMap { status in
                lost.status = status
                return ClientTransaction.allCases.flatMap { transaction in
                    lost.transaction = transaction
                    return TransactionEnding.allCases.map { ending in
                        lost.ending = ending
                        return lost
                    }
                }
            }
        }
    }

    @Test("Whatever the case: no write runs again, nothing owed is passed over, no open transaction is forgotten")
    func always() {
        var wrong: [String: LostServer] = [:]
        var count = 0
        for lost in Self.combinations {
            count += 1
            func must(_ holds: Bool, _ what: String) { if !holds { wrong[what] = lost } }
            let isEnded = lost.isWelcoming || lost.isReplication || lost.isInClientsMessage
            switch ServerLoss(lost) {
            case .logIn: must(lost.isWelcoming, "who is let in loses more")
            case .replication: must(lost.isReplication, "a session ends for no reason")
            case .halfMessage: must(lost.isInClientsMessage, "a session ends for no reason")
            case .read:
                must(lost.isReplica, "what the primary may have carried out runs again")
                must(lost.isRead, "what may write runs again")
                must(lost.isArmed, "what has been answered in part runs again")
                must(lost.mayGoOn, "it runs again for ever")
            case .nothingSent:
                must(lost.isSettling, "a batch is sent twice")
                must(lost.transaction != .open, "what ran before it is forgotten")
            case .failedBatch(let leaves):
                must(lost.isInBatch && lost.isSkipping && !lost.isOwed, "a batch fails without an error")
                must(leaves == (lost.status == .idle ? .none : .lost), "a transaction is forgotten")
            case .answers(let leaves, let isOverWithLast):
                must(lost.isOwed && !lost.isInBatch, "an error that is no answer")
                must(leaves == (lost.status == .idle ? .none : .lost), "a transaction is forgotten")
                must(isOverWithLast == (lost.ending == .commit || lost.ending == .rollback), "the end is not told")
            case .batch(let leaves):
                must(lost.isInBatch, "an error that is no answer")
                must(leaves == (lost.status == .idle ? .none : .lost), "a transaction is forgotten")
            case .leadingReads:
                must(!lost.isOwed && !lost.isInBatch, "an answer is owed for ever")
                must(lost.transaction == .leading || lost.transaction == .leadingReadOnly, "what has run is forgotten")
            case .idle: must(!lost.isOwed && !lost.isInBatch && lost.status == .idle, "what has run is forgotten")
            case .transaction:
                must(!lost.isOwed && !lost.isInBatch && lost.status == .inTransaction, "it is told of nothing")
            case .failedTransaction:
                must(!lost.isOwed && !lost.isInBatch && lost.status == .failed, "what has run is forgotten")
            }
            let runsAgain = lost.isArmed && lost.isRead && lost.isReplica && lost.mayGoOn
            if !isEnded, runsAgain { must(ServerLoss(lost) == .read, "a read fails that could run elsewhere") }
        }
        #expect(wrong.isEmpty, "\(wrong)")
        #expect(count == 2048 * 3 * ClientTransaction.allCases.count * 4)
    }

    // MARK: Words

    private static func report(_ change: (inout LostServerReport) -> Void) -> PostgresError {
        var report = LostServerReport(node: "n1", why: "it is gone")
        change(&report)
        return report.error
    }

    @Test("Each says of what it is not known whether it took effect, and what may be done again")
    func words() {
        let write = Self.report { _ in }
        #expect(write.sqlState == .transactionResolutionUnknown && write.detail?.contains("had been sent") == true)
        let read = Self.report { $0.isRead = true }
        #expect(read.sqlState == .connectionFailure && read.detail == "Node n1: it is gone.")
        #expect(read.hint?.contains("if the functions that it calls only read") == true)
        let onReplica = Self.report {
            $0.isRead = true
            $0.isReplica = true
        }
        #expect(onReplica.sqlState == .connectionFailure && onReplica.hint?.contains("has only read") == true)
        let open = Self.report { $0.wasInTransaction = true }
        #expect(open.sqlState == .serializationFailure && open.detail?.contains("No COMMIT had been sent") == true)
        let committed = Self.report {
            $0.wasInTransaction = true
            $0.ending = .commit
        }
        #expect(committed.sqlState == .transactionResolutionUnknown)
        #expect(committed.detail?.contains("n1: it is gone. COMMIT had been sent") == true)
        let possible = Self.report {
            $0.wasInTransaction = true
            $0.ending = .possible
        }
        #expect(possible.detail?.contains("What had been sent may commit") == true)
        let replica = Self.report {
            $0.wasInTransaction = true
            $0.isReplica = true
            $0.ending = .commit
        }
        #expect(replica.sqlState == .serializationFailure && replica.detail?.contains("has only read") == true)
        let stateful = Self.report {
            $0.wasInTransaction = true
            $0.state = "of a lock"
        }
        #expect(stateful.sqlState == .connectionFailure && stateful.hint?.contains("set up again") == true)
        #expect(stateful.detail?.contains("No COMMIT had been sent") == true)
        #expect(stateful.detail?.hasSuffix("state of its own there because of a lock.") == true)
    }

    @Test("40001 is said only of what had no effect and needs nothing that is lost; 08007 of all that may have had one")
    func codes() {
        for bits in 0..<16 {
            for ending in TransactionEnding.allCases {
                let report = LostServerReport(
                    node: "n",
                    why: "w",
                    isReplica: bits & 1 != 0,
                    isRead: bits & 2 != 0,
                    wasInTransaction: bits & 4 != 0,
                    ending: ending,
                    state: bits & 8 != 0 ? "s" : nil
                )
                let error = report.error
                let mayHaveCommitted = !report.isReplica && (ending == .commit || ending == .possible)
                let isUnknown = report.wasInTransaction ? mayHaveCommitted : !report.isRead
                #expect((error.sqlState == .transactionResolutionUnknown) == isUnknown, "\(report)")
                let mayRunAgain = report.wasInTransaction && !mayHaveCommitted && report.state == nil
                #expect((error.sqlState == .serializationFailure) == mayRunAgain, "\(report)")
                #expect(error.severity == .error && error.hint != nil && error.detail?.contains("Node n: w.") == true)
            }
        }
    }
}
