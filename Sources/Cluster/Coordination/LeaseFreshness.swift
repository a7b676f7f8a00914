/// Whether another proxy has renewed its lease lately, so that what it has said in etcd still holds: one that stands
/// still says it for as long as its lease lasts, one that lives renews that every second. By etcd's clock alone; times
/// are microseconds of this proxy's.
struct LeaseFreshness: Sendable {
    enum Age: Sendable, Equatable {
        case unknown
        case fresh
        case old
    }

    /// What was found out is good for so long.
    private static let validity: UInt64 = 1_000_000
    private var lease: Int64 = 0
    private var isFresh = false
    private var validUntil: UInt64 = 0
    /// The lease that etcd is to be asked about.
    private var asked: Int64?

    /// Of what the proxy with this lease has said. Where it is not known it will be asked.
    mutating func age(lease: Int64, at now: UInt64) -> Age {
        // Without a lease there is nothing to ask about.
        guard lease != 0 else { return .fresh }
        if self.lease == lease, now < validUntil { return isFresh ? .fresh : .old }
        asked = lease
        return .unknown
    }

    mutating func takeRequest() -> CoordinationRequest? {
        defer { asked = nil }
        return asked.map { .remaining(lease: $0) }
    }

    mutating func answered(lease: Int64, seconds: Int, of granted: Int, at now: UInt64) {
        self.lease = lease
        isFresh = granted - seconds < max(3, granted / 3)
        validUntil = now &+ Self.validity
    }
}
