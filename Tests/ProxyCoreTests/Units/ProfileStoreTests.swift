import Testing

@testable import ProxyCore

struct ProfileStoreTests {
    private func settings(_ pairs: KeyValuePairs<String, String>) -> [SessionSetting] {
        pairs.map { SessionSetting(name: $0.key, value: $0.value) }
    }

    @Test func equalSetsAreOne() {
        let store = ProfileStore(seed: 7)
        let first = store.intern(settings(["a": "1", "b": "2"]))
        let second = store.intern(settings(["b": "2", "a": "1"]))
        #expect(first == second)
        #expect(store.intern([]) == .base)
        #expect(store.intern(settings(["a": "1", "b": "3"])) != first)
        #expect(store.count == 3)
    }

    @Test func isForgottenWithTheLastReference() {
        let store = ProfileStore(seed: 7)
        let id = store.intern(settings(["a": "1"]))
        store.retain(id)
        store.release(id)
        #expect(store.settings(of: id) == settings(["a": "1"]))
        store.release(id)
        #expect(store.count == 1)
        // Its number may be another's.
        let next = store.intern(settings(["b": "1"]))
        #expect(store.settings(of: next) == settings(["b": "1"]))
        store.release(.base)
        store.release(.base)
        #expect(store.settings(of: .base).isEmpty)
    }

    @Test func saysWhatDiffers() {
        let store = ProfileStore(seed: 7)
        let old = store.intern(settings(["a": "1", "b": "2", "app.x": "y"]))
        let new = store.intern(settings(["a": "1", "b": "3", "c": "it's"]))
        #expect(
            store.statement(from: old, to: new)
                == "RESET \"app\".\"x\";SELECT pg_catalog.set_config('b','3',false),pg_catalog.set_config('c','it''s',false)"
        )
        #expect(store.statement(from: new, to: new) == "")
        #expect(store.statement(from: old, to: .base) == "RESET \"a\";RESET \"app\".\"x\";RESET \"b\"")
        #expect(store.statement(from: .base, to: .base) == "")
    }

    @Test func rolesAreLeftFirstAndTakenOnLast() {
        let store = ProfileStore(seed: 7)
        let plain = store.intern(settings(["z": "1"]))
        let other = store.intern(settings(["role": "r", "session_authorization": "s", "z": "2"]))
        let call = "pg_catalog.set_config"
        let taken = "\(call)('session_authorization','s',false),\(call)('role','r',false)"
        #expect(store.statement(from: plain, to: other) == "SELECT \(call)('z','2',false),\(taken)")
        let left = "SET SESSION AUTHORIZATION DEFAULT;RESET ROLE"
        #expect(store.statement(from: other, to: .base) == "\(left);RESET \"z\"")
        // It could not be changed by the role that is in force.
        let more = store.intern(settings(["role": "r", "session_authorization": "s", "z": "3"]))
        #expect(store.statement(from: other, to: more) == "\(left);SELECT \(call)('z','3',false),\(taken)")
        #expect(store.statement(from: other, to: other) == "")
    }

    @Test func tellsChangesByName() {
        let store = ProfileStore(seed: 7)
        func changes(_ old: KeyValuePairs<String, String>, _ new: KeyValuePairs<String, String>) -> [String]? {
            let found = store.changes(from: store.intern(settings(old)), to: store.intern(settings(new)))
            return found.map { $0.map { "\($0.name)=\($0.value ?? "-")" } }
        }
        #expect(changes([:], ["b": "2", "a": "1"]) == ["a=1", "b=2"])
        #expect(changes(["b": "2", "a": "1"], [:]) == ["a=-", "b=-"])
        #expect(changes(["a": "1", "c": "3", "e": "5"], ["b": "2", "c": "4", "e": "5"]) == ["a=-", "b=2", "c=4"])
        #expect(changes(["a": "1"], ["a": "1"]) == [])
        #expect(changes(["role": "x"], ["a": "1"]) == nil)
    }

    @Test func quotesWhatMustBe() {
        #expect(ProfileStore.literal("a'b") == "'a''b'")
        #expect(ProfileStore.literal(#"a\'b"#) == #"E'a\\''b'"#)
        #expect(ProfileStore.literal("") == "''")
        let store = ProfileStore(seed: 7)
        let odd = store.intern(settings(["we\"ird.x": "1"]))
        #expect(store.statement(from: odd, to: .base) == "RESET \"we\"\"ird\".\"x\"")
    }
}
