import PostgresWire

/// A client's server whose connection is gone: what of both has a say in what that means.
struct LostServer {
    /// The client waits to be let in: the server was to tell the parameters.
    var isWelcoming = false
    /// The session is one of replication, and lives as long as its server.
    var isReplication = false
    /// Part of a message has been sent, and the rest has not come.
    var isInClientsMessage = false
    /// The batch in flight is kept, and nothing of its reply has left (`SecondTries.isArmed`).
    var isArmed = false
    /// What was sent last is taken for a read.
    var isRead = false
    var isReplica = false
    /// There may be another try (`SecondTries.mayGoOn`).
    var mayGoOn = false
    /// The client waits for replies.
    var isOwed = false
    /// Messages of a batch have been sent, and not its Sync.
    var isInBatch = false
    /// What is in front of the client's batch is not confirmed, and the batch not sent.
    var isSettling = false
    /// The batch has failed, and the server ignores what is left of it.
    var isSkipping = false
    var status = TransactionStatus.idle
    var transaction = ClientTransaction.none
    var ending = TransactionEnding.none
}

/// What a client loses with its server, and so what it is told. What was unanswered and harmless runs elsewhere;
/// anything else is an error.
enum ServerLoss: Equatable {
    /// Nothing yet: another server welcomes it.
    case logIn
    /// The session.
    case replication
    /// The session: half a message has left, and nothing that could be said would be understood.
    case halfMessage
    /// A read on a replica, of whose reply nothing has left: it runs again on another node.
    case read
    /// Nothing: its batch, which has not been sent, finds another server.
    case nothingSent
    /// A batch that has failed, as the client knows: what is left of it is dropped up to Sync.
    case failedBatch(leaves: ClientTransaction)
    /// Answers: each is an error. With a COMMIT or ROLLBACK that fails the transaction is over, as on any server, in
    /// the last of them.
    case answers(leaves: ClientTransaction, isOverWithLast: Bool)
    /// The batch that it is in: an error besides those for batches before it, and what is left of it is dropped up to
    /// Sync.
    case batch(leaves: ClientTransaction)
    /// Nothing: all that was read there has been delivered, and READ COMMITTED looks anew with each statement.
    case leadingReads
    /// Nothing of which it would have to be told.
    case idle
    /// Its transaction, of which it hears with its next statement, once.
    case transaction
    /// Its transaction, which had failed: of that it has heard.
    case failedTransaction

    init(_ lost: LostServer) {
        let left = lost.status == .idle ? ClientTransaction.none : .lost
        if lost.isWelcoming {
            self = .logIn
        } else if lost.isReplication {
            self = .replication
        } else if lost.isInClientsMessage {
            self = .halfMessage
        } else if lost.isArmed, lost.isRead, lost.isReplica, lost.mayGoOn {
            // Only what a replica was running: what is taken for a read may write all the same, and the primary may
            // have carried it out.
            self = .read
        } else if lost.isSettling, lost.transaction != .open {
            self = .nothingSent
        } else if lost.isInBatch {
            self = lost.isSkipping && !lost.isOwed ? .failedBatch(leaves: left) : .batch(leaves: left)
        } else if lost.isOwed {
            self = .answers(leaves: left, isOverWithLast: lost.ending.isCertain)
        } else if lost.transaction == .leading || lost.transaction == .leadingReadOnly {
            self = .leadingReads
        } else {
            switch lost.status {
            case .idle: self = .idle
            case .inTransaction: self = .transaction
            case .failed: self = .failedTransaction
            }
        }
    }
}

/// What is said to the client of a server that was lost: whether what it was doing can be done again without harm.
struct LostServerReport {
    var node: String
    var why: String
    var isReplica = false
    /// All that it owes is taken for reads.
    var isRead = false
    var wasInTransaction = false
    var ending = TransactionEnding.none
    /// What the session had on that server and would not miss by itself, in words.
    var state: String?

    var error: PostgresError {
        var error = wasInTransaction ? errorInTransaction : errorOfStatement
        guard let state else { return error }
        // Who runs the transaction again by itself would do so without what the session had.
        if error.sqlState == .serializationFailure { error.sqlState = .connectionFailure }
        error.detail = [error.detail, "The session had state of its own there because \(state)."].compactMap(\.self)
            .joined(separator: " ")
        error.hint = "Connect anew, or set up again what the session needs."
        return error
    }

    private var place: String { "Node \(node): \(why)." }

    private var errorInTransaction: PostgresError {
        if !isReplica, ending.mayHaveCommitted {
            return PostgresError(
                .error,
                .transactionResolutionUnknown,
                "the server was lost before it answered",
                detail:
                    "\(place) \(ending.isCertain ? "COMMIT had been sent" : "What had been sent may commit"): "
                    + "whether the transaction took effect is not known.",
                hint: "Look at the data before the transaction is run again."
            )
        }
        return PostgresError(
            .error,
            .serializationFailure,
            "the server was lost in the middle of the transaction",
            detail: isReplica
                ? "\(place) The transaction has only read."
                : "\(place) No COMMIT had been sent: the transaction has had no effect.",
            hint: "Run the transaction again."
        )
    }

    private var errorOfStatement: PostgresError {
        if isRead {
            return PostgresError(
                .error,
                .connectionFailure,
                "the server was lost while its answer was being read",
                detail: place,
                hint: isReplica
                    ? "The statement has only read: it can be run again."
                    : "The statement is taken for a read: it can be run again if the functions that it calls only read."
            )
        }
        return PostgresError(
            .error,
            .transactionResolutionUnknown,
            "the server was lost before it answered",
            detail: "\(place) The statement had been sent: whether it took effect is not known.",
            hint: "Look at the data before it is run again."
        )
    }
}
