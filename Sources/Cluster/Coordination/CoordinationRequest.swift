/// What etcd is asked.
package enum CoordinationRequest: Sendable, Equatable {
    /// A lease of so many seconds.
    case grant(seconds: Int)
    case keepAlive(lease: Int64)
    /// How long a lease has yet, another proxy's: whoever lives renews it each second.
    case remaining(lease: Int64)
    case exchange(CoordinationExchange)
}

/// One transaction of etcd: where all guards hold the change is made; either way all keys are read, at one revision.
package struct CoordinationExchange: Sendable, Equatable {
    package enum Guard: Sendable, Equatable {
        /// No proxy has come, or said anything new, since this revision.
        case proxiesUnchanged(since: UInt64)
        /// The attempt was changed last at this revision; 0: there is none.
        case attempt(UInt64)
        /// The same for one proxy's key. 0: its lease has run out.
        case proxy(String, UInt64)
    }

    package enum Change: Sendable, Equatable {
        case status(String, ProxyStatus, lease: Int64)
        case attempt(PromotionAttempt)
    }

    package var guards: [Guard]
    package var change: Change?

    package init(guards: [Guard] = [], change: Change? = nil) {
        self.guards = guards
        self.change = change
    }
}

/// What came of a `CoordinationRequest`.
package enum CoordinationAnswer: Sendable, Equatable {
    case granted(lease: Int64, seconds: Int)
    case kept(seconds: Int)
    /// Of so many seconds so many are left, by etcd's clock.
    case remaining(seconds: Int, of: Int)
    /// The lease has run out, and its keys are gone.
    case leaseGone
    /// `isMade`: the guards held, and the change was made.
    case state(CoordinationState, isMade: Bool)
    /// No answer that could be understood: the request may have been carried out, or may be yet.
    case failed(String)
}
