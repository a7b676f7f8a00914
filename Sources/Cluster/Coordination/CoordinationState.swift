/// All keys of one cluster's proxies, as they were at one revision of etcd.
package struct CoordinationState: Sendable, Equatable {
    /// A value, and the revision of etcd at which its key was changed last.
    package struct Kept<Value: Sendable & Equatable>: Sendable, Equatable {
        package var value: Value
        package var revision: UInt64
        /// That the key goes with; 0: none.
        package var lease: Int64

        package init(_ value: Value, revision: UInt64, lease: Int64 = 0) {
            self.value = value
            self.revision = revision
            self.lease = lease
        }
    }

    package var revision: UInt64
    /// By id. Nil: it cannot be read, and so stands for one that agrees to nothing.
    package var proxies: [String: Kept<ProxyStatus?>]
    package var attempt: Kept<PromotionAttempt>?

    package init(revision: UInt64, proxies: [String: Kept<ProxyStatus?>] = [:], attempt: Kept<PromotionAttempt>? = nil)
    {
        self.revision = revision
        self.proxies = proxies
        self.attempt = attempt
    }
}

/// What a proxy tells the others, under a key that goes with its lease.
package struct ProxyStatus: Sendable, Equatable {
    /// For people: host and port.
    package var name: String
    /// The node that it sees as a primary that is well; it objects to any promotion meanwhile.
    package var sees: String?
    /// `PromotionAttempt.number` of the attempt for which it has cut off the old primary; 0: none.
    package var fenced: UInt64

    package init(name: String, sees: String? = nil, fenced: UInt64 = 0) {
        self.name = name
        self.sees = sees
        self.fenced = fenced
    }
}
