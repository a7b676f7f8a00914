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
