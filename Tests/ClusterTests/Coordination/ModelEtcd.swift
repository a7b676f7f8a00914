@testable import Cluster

/// The keys, leases and transactions of etcd that coordination uses. Times are microseconds.
final class ModelEtcd {
    private struct Key {
        var value: CoordinationExchange.Change
        var revision: UInt64
    }

    private(set) var revision: UInt64 = 1
    private var leases: [Int64: (seconds: Int, end: UInt64)] = [:]
    private var proxies: [String: Key] = [:]
    private var attempt: CoordinationState.Kept<PromotionAttempt>?
    private var nextLease: Int64 = 1

    var current: PromotionAttempt? { attempt?.value }

    func expire(at now: UInt64) {
        for (number, lease) in leases where lease.end <= now { revoke(number) }
    }

    func revoke(_ number: Int64) {
        leases[number] = nil
        let gone = proxies.filter { entry in
            if case .status(_, _, number) = entry.value.value { true } else { false }
        }
        if gone.isEmpty { return }
        revision += 1
        for key in gone.keys { proxies[key] = nil }
    }

    /// Somebody takes the record of the attempt away by hand.
    func forget() { attempt = nil }

    func answer(_ request: CoordinationRequest, at now: UInt64) -> CoordinationAnswer {
        switch request {
        case .grant(let seconds):
            defer { nextLease += 1 }
            leases[nextLease] = (seconds, now + UInt64(seconds) * 1_000_000)
            return .granted(lease: nextLease, seconds: seconds)
        case .keepAlive(let number):
            guard let lease = leases[number] else { return .kept(seconds: 0) }
            leases[number]?.end = now + UInt64(lease.seconds) * 1_000_000
            return .kept(seconds: lease.seconds)
        case .remaining(let number):
            guard let lease = leases[number] else { return .remaining(seconds: -1, of: 0) }
            let left = lease.end > now ? lease.end - now : 0
            return .remaining(seconds: Int(left / 1_000_000), of: lease.seconds)
        case .exchange(let exchange):
            guard exchange.guards.allSatisfy({ holds($0) }) else { return .state(state, isMade: false) }
            switch exchange.change {
            case nil: break
            case .status(let id, let status, let lease):
                guard leases[lease] != nil else { return .leaseGone }
                revision += 1
                proxies[id] = Key(value: .status(id, status, lease: lease), revision: revision)
            case .attempt(let new):
                revision += 1
                attempt = .init(new, revision: revision)
            }
            return .state(state, isMade: true)
        }
    }

    private func holds(_ condition: CoordinationExchange.Guard) -> Bool {
        switch condition {
        case .proxiesUnchanged(let since): proxies.values.allSatisfy { $0.revision <= since }
        case .attempt(let expected): attempt?.revision ?? 0 == expected
        case .proxy(let id, let expected): proxies[id]?.revision ?? 0 == expected
        }
    }

    var state: CoordinationState {
        var state = CoordinationState(revision: revision, attempt: attempt)
        for (id, key) in proxies {
            if case .status(_, let status, let lease) = key.value {
                state.proxies[id] = .init(status, revision: key.revision, lease: lease)
            }
        }
        return state
    }
}
