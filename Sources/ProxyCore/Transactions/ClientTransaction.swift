import PostgresWire

/// The client's transaction, as the client sees it.
enum ClientTransaction: UInt8, BitwiseCopyable, CaseIterable {
    case none
    /// BEGIN has been answered and will be sent with the first statement; no server is held.
    case begun
    /// As `begun`, and read-only at READ COMMITTED: it may begin on a replica, and moves to the primary with the first
    /// statement that a replica cannot run, while nothing binds it.
    case begunReadOnly
    /// As `begun`, and read-only: where its first statement runs it stays, for a snapshot or what it does binds it
    /// there.
    case begunToStay
    /// As `begun`, at an isolation level that only the primary offers.
    case begunOnPrimary
    /// As `begun`, and its leading reads may run on a replica (`transaction_reads`).
    case begunToLead
    /// Open on the server that is held.
    case open
    /// Failed on the server that is held; until ROLLBACK everything is refused.
    case failed
    /// As `failed`, and something is in flight that may end it: what stands behind that is not refused for certain.
    case failedEnding
    /// Its server was lost; until ROLLBACK the proxy refuses everything as a failed transaction would.
    case lost
    /// The batch in flight on a replica has BEGIN and the first of the leading reads in it.
    case beginningToLead
    /// Open on a replica for its leading reads: what is none of these moves it to the primary.
    case leading
    /// As `leading`, of a read-only transaction.
    case leadingReadOnly
    /// Failed in its leading reads, on the replica that is held.
    case leadingFailed
    /// As `failedEnding`, of one that has failed in its leading reads.
    case leadingFailedEnding

    var isDeferred: Bool {
        switch self {
        case .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead: true
        case .none, .open, .failed, .failedEnding, .lost, .beginningToLead, .leading, .leadingReadOnly, .leadingFailed,
            .leadingFailedEnding:
            false
        }
    }

    /// Whether all that the transaction has done are leading reads on a replica.
    @inline(__always)
    var isLeading: Bool { rawValue >= Self.beginningToLead.rawValue }

    /// Whether it has failed on the server that is held, and nobody knows yet that it is over.
    @inline(__always)
    var isFailed: Bool {
        switch self {
        case .failed, .failedEnding, .leadingFailed, .leadingFailedEnding: true
        case .none, .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead, .open, .lost,
            .beginningToLead, .leading, .leadingReadOnly:
            false
        }
    }

    /// Whether a server refuses all but its end, for certain.
    var refusesAll: Bool { self == .failed || self == .leadingFailed }

    /// Whether it has failed, and something is in flight that may end it.
    var isEnding: Bool { self == .failedEnding || self == .leadingFailedEnding }

    /// Something is sent that may end it.
    var withEndSent: ClientTransaction {
        switch self {
        case .failed: .failedEnding
        case .leadingFailed: .leadingFailedEnding
        case .none, .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead, .open, .failedEnding, .lost,
            .beginningToLead, .leading, .leadingReadOnly, .leadingFailedEnding:
            self
        }
    }

    /// What follows a cycle that ended with this status.
    /// - Parameter isMoreInFlight: whether more has been sent, which may end it if it has failed.
    @inline(__always)
    func after(_ status: TransactionStatus, isMoreInFlight: @autoclosure () -> Bool = false) -> ClientTransaction {
        switch status {
        case .idle: return .none
        case .inTransaction: return self == .leadingReadOnly ? self : isLeading ? .leading : .open
        case .failed:
            let failed: ClientTransaction = isLeading ? .leadingFailed : .failed
            return isMoreInFlight() ? failed.withEndSent : failed
        }
    }

    // MARK: Leading reads

    /// Whether all of it could still run on the primary instead, if it runs on a replica: nothing but reads is done.
    @inline(__always)
    var mayLeaveReplica: Bool {
        switch self {
        case .begunToLead, .begunReadOnly, .beginningToLead, .leading, .leadingReadOnly: true
        case .none, .begun, .begunToStay, .begunOnPrimary, .open, .failed, .failedEnding, .lost, .leadingFailed,
            .leadingFailedEnding:
            false
        }
    }

    /// Its BEGIN, which was put off, is sent.
    func begun(onReplica: Bool) -> ClientTransaction {
        switch self {
        case .begunToLead: onReplica ? .leading : .open
        case .begunReadOnly: onReplica ? .leadingReadOnly : .open
        case .begun, .begunToStay, .begunOnPrimary: .open
        case .none, .open, .failed, .failedEnding, .lost, .beginningToLead, .leading, .leadingReadOnly, .leadingFailed,
            .leadingFailedEnding:
            self
        }
    }

    /// What it does binds it to the node where it is, or begins.
    var bound: ClientTransaction {
        switch self {
        case .begunReadOnly: .begunToStay
        case .leadingReadOnly: .open
        case .none, .begun, .begunToStay, .begunOnPrimary, .begunToLead, .open, .failed, .failedEnding, .lost,
            .beginningToLead, .leading, .leadingFailed, .leadingFailedEnding:
            self
        }
    }

    /// The replica of its leading reads is lost or let go: from now on it is one that has begun and done nothing.
    var withoutReplica: ClientTransaction {
        switch self {
        case .leading: .begun
        case .leadingReadOnly: .begunReadOnly
        case .beginningToLead: .none
        case .none, .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead, .open, .failed, .failedEnding,
            .lost, .leadingFailed, .leadingFailedEnding:
            self
        }
    }
}
