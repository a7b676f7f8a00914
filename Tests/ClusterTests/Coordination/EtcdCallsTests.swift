import Bytes
import Testing

@testable import Cluster

@Suite struct EtcdCallsTests {
    private func base64(_ text: String) -> String {
        String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)
    }

    @Test func valuesComeBackAsTheyWere() {
        let status = ProxyStatus(name: "a\"b\\c\u{1}ä:6432", sees: "db 1", fenced: .max >> 1)
        #expect(ProxyStatus(json: Array(status.json.utf8)) == status)
        #expect(ProxyStatus(json: Array(ProxyStatus(name: "x").json.utf8)) == ProxyStatus(name: "x"))
        let attempt = PromotionAttempt(
            number: 9,
            old: "db1",
            candidate: "db\n2",
            timeline: 3,
            stage: .told,
            by: "f00",
            byName: "p:1"
        )
        #expect(PromotionAttempt(json: Array(attempt.json.utf8)) == attempt)
        // What other versions read of an attempt whose replicas do not follow yet is that it is done, and what they
        // write is read the same way.
        let left = attempt.promoted(leaving: ["db\"3", "db4"])
        #expect(left.stage == .following && left.json.contains("\"stage\": \"done\""))
        #expect(PromotionAttempt(json: Array(left.json.utf8)) == left)
        let done = attempt.promoted(leaving: [])
        #expect(done.stage == .done && PromotionAttempt(json: Array(done.json.utf8)) == done)
        let newer = done.json.dropLast() + ", \"followers\": 7, \"more\": {}}"
        #expect(PromotionAttempt(json: Array(newer.utf8)) == done)
        #expect(PromotionAttempt(json: Array("{\"number\": \"9\"}".utf8)) == nil)
        #expect(ProxyStatus(json: Array("[]".utf8)) == nil)
    }

    private let calls = EtcdCalls(prefix: "/h/main/")

    @Test func writesWhatEtcdReads() throws {
        #expect(
            EtcdCalls.login(user: "a\"b", password: "\u{1}ä\0") == #"{"name": "a\"b", "password": "\u0001ä\u0000"}"#
        )
        #expect(EtcdCalls.grant(seconds: 10) == #"{"TTL": "10"}"#)
        let exchange = CoordinationExchange(
            guards: [.proxiesUnchanged(since: 6), .attempt(3)],
            change: .status("1", ProxyStatus(name: "p", fenced: 4), lease: 9)
        )
        let (prefix, end) = (base64("/h/main/"), base64("/h/main0"))
        let (proxies, proxiesEnd) = (base64("/h/main/proxies/"), base64("/h/main/proxies0"))
        let read = #"{"request_range": {"key": "\#(prefix)", "range_end": "\#(end)"}}"#
        let value = base64(#"{"name": "p", "fenced": "4"}"#)
        let put = #"{"request_put": {"key": "\#(base64("/h/main/proxies/1"))", "value": "\#(value)", "lease": "9"}}"#
        let first = #"{"key": "\#(proxies)", "range_end": "\#(proxiesEnd)", "target": "MOD", "result": "LESS", "#
        let second = #"{"key": "\#(base64("/h/main/attempt"))", "target": "MOD", "result": "EQUAL", "#
        let guards = first + #""mod_revision": "7"}, "# + second + #""mod_revision": "3"}"#
        #expect(
            calls.exchange(exchange)
                == #"{"compare": [\#(guards)], "success": [\#(put), \#(read)], "failure": [\#(read)]}"#
        )
    }

    @Test func readsWhatATransactionAnswers() throws {
        let proxy = base64(ProxyStatus(name: "p", fenced: 4).json)
        let attempt = PromotionAttempt(
            number: 4,
            old: "a",
            candidate: "b",
            timeline: 0,
            stage: .fencing,
            by: "1",
            byName: "p"
        )
        let answer = """
            {"header": {"cluster_id": "1", "revision": "77"}, "succeeded": true, "responses": [
              {"response_put": {"header": {"revision": "77"}}},
              {"response_range": {"header": {"revision": "77"}, "count": "3", "kvs": [
                {"key": "\(base64("/h/main/attempt"))", "mod_revision": "70", "value": "\(base64(attempt.json))"},
                {"key": "\(base64("/h/main/proxies/1"))", "mod_revision": "71", "value": "\(proxy)", "lease": "9"},
                {"key": "\(base64("/h/main/proxies/2"))", "mod_revision": "72", "value": "AAAA"}]}}]}
            """
        let (state, isMade) = try calls.state(Array(answer.utf8))
        #expect(isMade)
        #expect(state.revision == 77)
        #expect(state.attempt == .init(attempt, revision: 70))
        #expect(state.proxies["1"] == .init(ProxyStatus(name: "p", fenced: 4), revision: 71, lease: 9))
        // One that cannot be read is one that agrees to nothing.
        #expect(state.proxies["2"] == .init(nil, revision: 72))
        #expect(throws: EtcdFailure.self) { try calls.state(Array("{}".utf8)) }
        let refused = #"{"header": {"revision": "78"}, "responses": [{"response_range": {"header": {}}}]}"#
        let (empty, isRefused) = try calls.state(Array(refused.utf8))
        #expect(!isRefused && empty == CoordinationState(revision: 78))
    }

    @Test func anAttemptThatCannotBeReadIsNoneToGoBy() {
        let answer = """
            {"header": {"revision": "7"}, "responses": [{"response_range": {"kvs": [
              {"key": "\(base64("/h/main/attempt"))", "mod_revision": "7", "value": "AAAA"}]}}]}
            """
        #expect(throws: EtcdFailure.self) { try calls.state(Array(answer.utf8)) }
    }

    @Test func readsLeases() throws {
        let granted = try EtcdCalls.granted(Array(#"{"header": {}, "ID": "7587", "TTL": "10"}"#.utf8))
        #expect(granted == (7587, 10))
        #expect(try EtcdCalls.kept(Array(#"{"result": {"ID": "7587", "TTL": "9"}}"#.utf8)) == 9)
        #expect(try EtcdCalls.kept(Array(#"{"result": {"ID": "7587"}}"#.utf8)) == 0)
        let left = try EtcdCalls.remaining(Array(#"{"header": {}, "ID": "7", "TTL": "3", "grantedTTL": "10"}"#.utf8))
        #expect(left == (3, 10))
        #expect(try EtcdCalls.remaining(Array(#"{"header": {}, "ID": "7", "TTL": "-1"}"#.utf8)) == (-1, 0))
        #expect(throws: EtcdFailure.self) { try EtcdCalls.remaining(Array("[".utf8)) }
        #expect(throws: EtcdFailure.self) { try EtcdCalls.kept(Array(#"{"error": {}}"#.utf8)) }
        #expect(throws: EtcdFailure.self) { try EtcdCalls.granted(Array("{}".utf8)) }
        // Nothing that is reckoned with overflows.
        for seconds in ["9000000001", "9223372036854775807", "-9223372036854775808"] {
            let body = Array(#"{"ID": "7", "TTL": "\#(seconds)", "result": {"TTL": "\#(seconds)"}}"#.utf8)
            #expect(throws: EtcdFailure.self) { try EtcdCalls.granted(body) }
            #expect(throws: EtcdFailure.self) { try EtcdCalls.kept(body) }
            #expect(throws: EtcdFailure.self) { try EtcdCalls.remaining(body) }
        }
        #expect(try EtcdCalls.granted(Array(#"{"ID": "7", "TTL": "9000000000"}"#.utf8)) == (7, 9_000_000_000))
        #expect(CoordinationRules.writing(9_000_000_000) == 6_000_000_000_000_000)
    }

    @Test func itsOwnWordsTellWhatToDo() {
        let gone = EtcdFailure.refused(
            status: 404,
            EtcdCalls.words(Array(#"{"error": "etcdserver: requested lease not found"}"#.utf8))
        )
        #expect(gone.isLeaseGone && !gone.isUnauthorized)
        let stale = EtcdFailure.refused(status: 401, "etcdserver: invalid auth token")
        #expect(stale.isUnauthorized && !stale.isLeaseGone)
    }
}
