/// How `buffer_memory` is shared: a quarter of it is a reserve for those who hold little, so that a few clients that
/// hold much do not stop the others.
///
/// Beyond the mark nobody is read on who holds more than `little`, unless a server works for it. If that does not bring
/// what is in use down to half of the limit within `patience`, those who hold most are ended. At the limit itself only
/// who holds next to nothing is read. A pure value: all it knows are numbers.
struct MemoryShares {
    /// A client, as its part of the memory is looked at.
    struct Holder<Name> {
        let name: Name
        /// Bytes of buffers that it keeps from being used by others.
        let bytes: Int
        /// A server works for it: what it holds may be given back without its doing.
        let isServed: Bool
    }

    /// Who holds fewer bytes holds little: less than comes by one receive.
    static let little = 64 << 10
    /// Who holds fewer holds next to nothing: no more than one statement of usual length.
    static let nextToNothing = 8 << 10
    /// How long too much may be in use before clients are ended for it, in microseconds.
    static let patience: Microseconds = 5_000_000

    let limit: Int
    /// Bytes in use from which on those who hold much are not read on.
    let mark: Int
    /// Since when, or since clients were last ended, too much has been in use; nil: it is not.
    private(set) var strainedSince: Microseconds?

    /// - Parameter limit: in bytes (`buffer_memory`).
    init(limit: Int) {
        self.limit = limit
        mark = limit - limit / 4
    }

    /// Bytes in use below which all are read again.
    var relief: Int { limit / 2 }

    /// Who holds fewer bytes is read on.
    func allowance(inUse: Int) -> Int {
        if inUse < mark { return .max }
        return inUse < limit ? Self.little : Self.nextToNothing
    }

    /// Looks at what is in use, as time passes.
    /// - Returns: whether some must be ended now.
    mutating func look(inUse: Int, at now: Microseconds) -> Bool {
        if inUse < relief {
            strainedSince = nil
            return false
        }
        guard let since = strainedSince else {
            if inUse >= mark { strainedSince = now }
            return false
        }
        guard now - since >= Self.patience else { return false }
        strainedSince = now
        return true
    }

    /// Who is to be ended: those who hold most, until what they give back brings what is in use below `relief`. Who has
    /// a server comes after those who have none; who holds little stays.
    func ended<Name>(of holders: [Holder<Name>], inUse: Int) -> [Holder<Name>] {
        var left = inUse
        let allowance = min(allowance(inUse: inUse), Self.little)
        let order = holders.filter { $0.bytes >= allowance }.sorted {
            $0.isServed == $1.isServed ? $0.bytes > $1.bytes : $1.isServed
        }
        return Array(
            order.prefix { holder in
                defer { left -= holder.bytes }
                return left >= relief
            }
        )
    }
}
