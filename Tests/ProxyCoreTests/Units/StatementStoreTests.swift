import Bytes
import StatementRouting
import Testing

@testable import ProxyCore

struct StatementStoreTests {
    private let read = StatementClass(access: .read, reason: .plainRead)

    private func body(_ text: String) -> [UInt8] { Array(text.utf8) + [0, 0, 0] }

    private func intern(_ store: StatementStore, _ text: String) -> StatementID? {
        store.intern(
            body(text).span.bytes,
            in: .proxy,
            .base,
            textSize: text.utf8.count,
            statementClass: read,
            classStamp: 1
        )
    }

    private func find(_ store: StatementStore, _ text: String) -> StatementID? {
        store.find(body(text).span.bytes, in: .proxy)
    }

    @Test func findsWhatWasInterned() throws {
        let store = StatementStore(limit: 1 << 20, seed: 7, profiles: ProfileStore(seed: 7))
        for number in 0..<1000 { #expect(intern(store, "SELECT \(number)") != nil) }
        #expect(store.count == 1000)
        var serials: Set<UInt64> = []
        for number in 0..<1000 {
            let id = try #require(find(store, "SELECT \(number)"))
            #expect(store[id].pointee.text.elementsEqual(Array("SELECT \(number)".utf8)))
            serials.insert(store[id].pointee.serial.rawValue)
        }
        #expect(serials.count == 1000)
        #expect(find(store, "SELECT 1000") == nil)
        // The types belong to it.
        let withType = Array("SELECT 1".utf8) + [0, 0, 1, 0, 0, 0, 23]
        let found = store.find(withType.span.bytes, in: .proxy)
        #expect(found == nil)
    }

    @Test func evictsTheOldestThatNobodyNames() throws {
        let store = StatementStore(limit: 2000, seed: 7, profiles: ProfileStore(seed: 7))
        let kept = try #require(intern(store, "SELECT kept"))
        store.retain(kept)
        var number = 0
        while store.evictions == 0 {
            number += 1
            #expect(intern(store, "SELECT \(number)") != nil)
            #expect(store.bytes <= store.limit)
        }
        #expect(find(store, "SELECT kept") == kept)
        #expect(find(store, "SELECT 1") == nil)
        #expect(find(store, "SELECT 2") != nil)
        // Used again, it is the youngest.
        let second = try #require(find(store, "SELECT 2"))
        store.retain(second)
        store.release(second)
        number += 1
        #expect(intern(store, "SELECT \(number)") != nil)
        #expect(find(store, "SELECT 2") == second)
        #expect(find(store, "SELECT 3") == nil)
        store.release(kept)
        #expect(store.references == 0)
    }

    @Test func refusesWhatDoesNotFit() throws {
        let store = StatementStore(limit: 1000, seed: 7, profiles: ProfileStore(seed: 7))
        #expect(intern(store, String(repeating: "x", count: 1000)) == nil)
        var held: [StatementID] = []
        while let id = intern(store, "SELECT \(held.count)") {
            store.retain(id)
            held.append(id)
        }
        #expect(!held.isEmpty)
        #expect(store.evictions == 0)
        #expect(store.count == held.count)
        store.release(held[0])
        #expect(intern(store, "SELECT x") != nil)
        #expect(store.evictions == 1)
    }

    @Test func whatIsRetiredIsNotFound() throws {
        let store = StatementStore(limit: 2000, seed: 7, profiles: ProfileStore(seed: 7))
        let old = try #require(intern(store, "SELECT 1"))
        store.retain(old)
        store.retire(old)
        #expect(find(store, "SELECT 1") == nil)
        let new = try #require(intern(store, "SELECT 1"))
        #expect(find(store, "SELECT 1") == new)
        #expect(store[new].pointee.serial != store[old].pointee.serial)
        #expect(store.holds(store[old].pointee.serial, at: old))
        store.release(old)
    }

    @Test("The same text under another context, in another pool, at another time is another statement")
    func scopes() throws {
        let profiles = ProfileStore(seed: 7)
        let store = StatementStore(limit: 1 << 20, seed: 7, profiles: profiles)
        let pools = [1, 2].map { Handle(index: $0, generation: 1) }
        let settings = [[], [SessionSetting(name: "timezone", value: "UTC")]]
        var ids: Set<StatementID> = []
        for pool in pools {
            for epoch in [0, 1] as [UInt32] {
                for isNamed in [false, true] {
                    for settings in settings {
                        let profile = profiles.intern(settings)
                        let scope = ParseScope(
                            pool: pool,
                            epoch: epoch,
                            isNamed: isNamed,
                            context: profiles.context(of: profile)
                        )
                        let body = body("SELECT 1")
                        let known = store.find(body.span.bytes, in: scope)
                        #expect(known == nil)
                        let id = store.intern(
                            body.span.bytes,
                            in: scope,
                            profile,
                            textSize: 8,
                            statementClass: read,
                            classStamp: 1
                        )
                        ids.insert(try #require(id))
                        let found = store.find(body.span.bytes, in: scope)
                        #expect(found == id)
                    }
                }
            }
        }
        #expect(ids.count == 16)
    }

    @Test("Harmless settings share a context; any other, known or not, has its own")
    func contexts() {
        let profiles = ProfileStore(seed: 7)
        func context(_ settings: (String, String)...) -> ParseContext {
            profiles.context(of: profiles.intern(settings.map { SessionSetting(name: $0.0, value: $0.1) }))
        }
        #expect(context(("application_name", "a"), ("statement_timeout", "1s")) == .plain)
        var contexts: Set<ParseContext> = [.plain]
        let meaningful = [
            "timezone", "datestyle", "intervalstyle", "transform_null_equals", "standard_conforming_strings",
            "xmloption",
            "search_path", "lc_monetary", "bytea_output", "extra_float_digits", "enable_seqscan", "plan_cache_mode",
            "jit",
            "work_mem", "role", "session_authorization", "client_encoding", "app.tenant", "a_setting_of_tomorrow",
        ]
        for name in meaningful { contexts.insert(context((name, "x"))) }
        contexts.insert(context(("timezone", "y")))
        #expect(contexts.count == meaningful.count + 2)
        #expect(context(("application_name", "b"), ("timezone", "x")) == context(("timezone", "x")))
        #expect(profiles.uniqueContext() != profiles.uniqueContext())
    }

    @Test func namesAreOfOneLength() {
        for value in [1, 0xFF_FFFF_FFFF, 0x12_3456_789A] as [UInt64] {
            var name = [UInt8](repeating: 1, count: StatementSerial.nameSize)
            name.withUnsafeMutableBytes {
                StatementSerial(rawValue: value).writeName(to: $0.baseAddress.unsafelyUnwrapped)
            }
            #expect(name.last == 0)
            let text = String(decoding: name.dropLast(), as: UTF8.self)
            #expect(StatementSerial.isName(text))
            #expect(UInt64(text.dropFirst(7), radix: 16) == value)
        }
        #expect(!StatementSerial.isName("howdah_1"))
        #expect(!StatementSerial.isName("hawdah_0000000001"))
    }
}
