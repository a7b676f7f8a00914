import MonotonicTime
import ProxyCore

/// The numeric addresses of a node's host, and how old they are. Pure: look-ups are done by the caller.
struct HostAddresses {
    private enum Age {
        /// A numeric host, or a Unix-domain socket: never looked up.
        case fixed
        case unknown
        case known(since: UInt64)
        /// Known, but a connect failed since.
        case doubted
    }

    /// In the order to try.
    private(set) var list: [String]
    private(set) var isLookUpUnderWay = false
    private var age: Age

    init(_ address: NodeAddress) {
        switch address {
        case .unix:
            list = []
            age = .fixed
        case .tcp(let host, _):
            let isNumeric = NameResolver.isNumeric(host)
            list = isNumeric ? [host] : []
            age = isNumeric ? .fixed : .unknown
        }
    }

    /// Whether nothing can be connected to before a look-up has ended.
    var mustWait: Bool {
        if case .fixed = age { return false }
        return list.isEmpty
    }

    /// Whether a look-up is to be begun now; counts as begun then.
    mutating func takeLookUp(at now: UInt64, interval: Duration) -> Bool {
        if isLookUpUnderWay { return false }
        switch age {
        case .fixed: return false
        case .known(let since) where now < since &+ interval.microseconds: return false
        case .known, .unknown, .doubted: break
        }
        isLookUpUnderWay = true
        return true
    }

    /// - Returns: whether the set of addresses changed.
    mutating func lookedUp(_ found: [String], at now: UInt64) -> Bool {
        isLookUpUnderWay = false
        age = .known(since: now)
        if Set(found) == Set(list) { return false }
        list = found
        return true
    }

    /// Addresses known before stay: a name server that is down is no reason to forget them.
    mutating func lookUpFailed(at now: UInt64) {
        isLookUpUnderWay = false
        if !list.isEmpty { age = .known(since: now) }
    }

    /// The address that answered goes to the front.
    mutating func answered(_ address: String) {
        guard let place = list.firstIndex(of: address), place > 0 else { return }
        list.swapAt(0, place)
    }

    /// A connect failed: the name may point elsewhere by now, and the first address may be what eats up the time.
    mutating func connectFailed() {
        if case .fixed = age { return }
        age = .doubted
        if list.count > 1 { list.append(list.removeFirst()) }
    }
}
