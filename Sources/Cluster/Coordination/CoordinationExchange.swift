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
