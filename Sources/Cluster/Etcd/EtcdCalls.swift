import Bytes

/// Requests and answers of etcd's JSON gateway (etcd documentation, "gRPC gateway"): keys and values in Base64, 64-bit
/// numbers as strings.
struct EtcdCalls {
    let prefix: String

    static func login(user: String, password: String) -> String {
        JSONText.object(["name": .string(user), "password": .string(password)]).text
    }

    static func grant(seconds: Int) -> String { JSONText.object(["TTL": .string("\(seconds)")]).text }

    static func lease(_ number: Int64) -> String { JSONText.object(["ID": .string("\(number)")]).text }

    func exchange(_ exchange: CoordinationExchange) -> String {
        let read = JSONText.object([
            "request_range": .object(["key": Self.base64(prefix), "range_end": Self.end(of: prefix)])
        ])
        return JSONText.object([
            "compare": .array(exchange.guards.map { compare($0) }),
            "success": .array((exchange.change.map { [put($0)] } ?? []) + [read]),
            "failure": .array([read]),
        ]).text
    }

    private var proxies: String { prefix + "proxies/" }
    private var attempt: String { prefix + "attempt" }

    /// Where the keys end that begin with this, which ends with a slash: at the next byte value.
    private static func end(of start: String) -> JSONText { base64(String(start.dropLast()) + "0") }

    private func compare(_ condition: CoordinationExchange.Guard) -> JSONText {
        switch condition {
        case .proxiesUnchanged(let revision):
            .object([
                "key": Self.base64(proxies), "range_end": Self.end(of: proxies), "target": .string("MOD"),
                "result": .string("LESS"), "mod_revision": .string("\(revision + 1)"),
            ])
        case .attempt(let revision): equal(attempt, revision)
        case .proxy(let id, let revision): equal(proxies + id, revision)
        }
    }

    private func equal(_ key: String, _ revision: UInt64) -> JSONText {
        .object([
            "key": Self.base64(key), "target": .string("MOD"), "result": .string("EQUAL"),
            "mod_revision": .string("\(revision)"),
        ])
    }

    private func put(_ change: CoordinationExchange.Change) -> JSONText {
        let (key, value, lease) =
            switch change {
            case .status(let id, let status, let lease): (proxies + id, status.json, lease)
            case .attempt(let attempt): (self.attempt, attempt.json, 0)
            }
        return .object([
            "request_put": .object([
                "key": Self.base64(key), "value": Self.base64(value), "lease": .string("\(lease)"),
            ])
        ])
    }

    private static func base64(_ text: String) -> JSONText {
        .string(String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self))
    }

    // MARK: Answers

    static func granted(_ body: [UInt8]) throws(EtcdFailure) -> (lease: Int64, seconds: Int) {
        guard let answer = JSONValue(body), let lease = answer.number("ID"), lease != 0,
            let seconds = answer.seconds("TTL"), seconds > 0
        else { throw .malformed("it is no lease") }
        return (lease, seconds)
    }

    /// - Returns: 0 where the lease has run out.
    static func kept(_ body: [UInt8]) throws(EtcdFailure) -> Int {
        guard let seconds = JSONValue(body)?["result"]?.seconds("TTL") else { throw .malformed("it is no lease") }
        return seconds
    }

    /// - Returns: less than nothing where the lease has run out.
    static func remaining(_ body: [UInt8]) throws(EtcdFailure) -> (seconds: Int, granted: Int) {
        guard let answer = JSONValue(body), let seconds = answer.seconds("TTL"),
            let granted = answer.seconds("grantedTTL")
        else { throw .malformed("it is no lease") }
        return (seconds, granted)
    }

    static func token(_ body: [UInt8]) throws(EtcdFailure) -> String {
        guard let token = JSONValue(body)?["token"]?.text else { throw .malformed("it is no token") }
        return token
    }

    /// Its own words for what went wrong.
    static func words(_ body: [UInt8]) -> String {
        JSONValue(body)?["error"]?.text ?? String(decoding: body.prefix(200), as: UTF8.self)
    }

    func state(_ body: [UInt8]) throws(EtcdFailure) -> (state: CoordinationState, isMade: Bool) {
        guard let answer = JSONValue(body),
            let revision = answer["header"]?.number("revision").flatMap({ UInt64(exactly: $0) }),
            let found = answer["responses"]?.items?.last?["response_range"]
        else { throw .malformed("it is no transaction") }
        var state = CoordinationState(revision: revision)
        for item in found["kvs"]?.items ?? [] {
            guard let name = item["key"]?.text.flatMap({ Base64.decode(Array($0.utf8)) }),
                let value = Base64.decode(Array((item["value"]?.text ?? "").utf8)),
                let changed = item.number("mod_revision").flatMap({ UInt64(exactly: $0) })
            else { throw .malformed("a key cannot be read") }
            let key = String(decoding: name, as: UTF8.self)
            if key == attempt {
                guard let read = PromotionAttempt(json: value) else {
                    throw .malformed("the key \(key) is not one of this version's")
                }
                state.attempt = .init(read, revision: changed)
            } else if key.hasPrefix(proxies) {
                let id = String(key.dropFirst(proxies.count))
                let lease = item.number("lease") ?? 0
                state.proxies[id] = .init(ProxyStatus(json: value), revision: changed, lease: lease)
            }
        }
        return (state, answer["succeeded"]?.isTrue ?? false)
    }
}

extension JSONValue {
    /// etcd writes 64-bit numbers as strings, and leaves 0 out. Nil where it is neither.
    func number(_ key: String) -> Int64? {
        guard let value = self[key] else { return 0 }
        return value.number ?? value.text.flatMap { Int64($0) }
    }

    /// Of a lease: no more than etcd grants to anybody (9,000,000,000), so that they can be reckoned with in
    /// microseconds; -1 for one that has run out.
    fileprivate func seconds(_ key: String) -> Int? {
        number(key).flatMap { (-1...9_000_000_000).contains($0) ? Int($0) : nil }
    }
}
