import CCurl

/// Asks etcd, one request at a time. Blocks the thread.
final class EtcdClient {
    private let options: EtcdOptions
    private let calls: EtcdCalls
    private let isStopped: () -> Bool
    /// The URL that answered last comes first.
    private var urls: [String]
    private var token: String?

    init(_ options: EtcdOptions, isStopped: @escaping () -> Bool) {
        self.options = options
        self.isStopped = isStopped
        calls = EtcdCalls(prefix: options.prefix)
        urls = options.urls
    }

    func answer(_ request: CoordinationRequest) -> CoordinationAnswer {
        do throws(EtcdFailure) {
            switch request {
            case .grant(let seconds):
                let (lease, given) = try EtcdCalls.granted(call("lease/grant", EtcdCalls.grant(seconds: seconds)))
                return .granted(lease: lease, seconds: given)
            case .keepAlive(let lease):
                return .kept(seconds: try EtcdCalls.kept(call("lease/keepalive", EtcdCalls.lease(lease))))
            case .remaining(let lease):
                let body = try call("lease/timetolive", EtcdCalls.lease(lease))
                let (seconds, granted) = try EtcdCalls.remaining(body)
                return .remaining(seconds: seconds, of: granted)
            case .exchange(let exchange):
                let (state, isMade) = try calls.state(call("kv/txn", calls.exchange(exchange)))
                return .state(state, isMade: isMade)
            }
        } catch {
            return error.isLeaseGone ? .leaseGone : .failed(error.reason)
        }
    }

    /// So that nobody waits for a proxy that has been stopped. What comes of it does not matter: the lease runs out by
    /// itself.
    func revoke(_ lease: Int64) {
        guard let url = urls.first else { return }
        _ = try? post(url, "lease/revoke", EtcdCalls.lease(lease))
    }

    private func call(_ method: String, _ body: String) throws(EtcdFailure) -> [UInt8] {
        var reasons: [String] = []
        for url in urls {
            do throws(EtcdFailure) {
                let answer = try authorized(url, method, body)
                if url != urls[0] { urls = [url] + urls.filter { $0 != url } }
                return answer
            } catch {
                if error.isLeaseGone { throw error }
                reasons.append("\(url): \(error.reason)")
            }
            if isStopped() { break }
        }
        throw .unreachable(reasons.joined(separator: "; "))
    }

    private func authorized(_ url: String, _ method: String, _ body: String) throws(EtcdFailure) -> [UInt8] {
        do throws(EtcdFailure) {
            return try post(url, method, body)
        } catch {
            guard let user = options.user, error.isUnauthorized else { throw error }
            token = nil
            let login = EtcdCalls.login(user: user, password: options.password)
            token = try EtcdCalls.token(post(url, "auth/authenticate", login))
            return try post(url, method, body)
        }
    }

    private func post(_ url: String, _ method: String, _ body: String) throws(EtcdFailure) -> [UInt8] {
        do throws(HTTPFailure) {
            return try HTTPClient.post(
                "\(url)/v3/\(method)",
                body: body,
                authorization: token,
                certificates: options.certificates,
                timeout: options.timeout,
                isStopped: isStopped
            )
        } catch {
            switch error {
            case .unreachable(let words): throw .unreachable(words)
            case .status(let status, let body): throw .refused(status: status, EtcdCalls.words(body))
            }
        }
    }
}

/// Why etcd did not do what it was asked.
enum EtcdFailure: Error, Equatable {
    case unreachable(String)
    /// What it answered, in its own words.
    case refused(status: Int, String)
    case malformed(String)

    var reason: String {
        switch self {
        case .unreachable(let words): words
        case .refused(let status, let words): "HTTP status \(status): \(words)"
        case .malformed(let what): "its answer cannot be understood: \(what)"
        }
    }

    var isLeaseGone: Bool {
        if case .refused(_, let words) = self { words.contains("requested lease not found") } else { false }
    }

    /// It wants a log-in, or a new one.
    var isUnauthorized: Bool {
        guard case .refused(let status, let words) = self else { return false }
        return status == 401 || words.contains("invalid auth token") || words.contains("user name is empty")
    }
}
