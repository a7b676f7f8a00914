@testable import ProxyCore
import ProxyTerms
import SeededRandom
import Testing

/// Limits over several pools, counted alone.
struct QuotaTests {
    private func limits(_ change: (inout PoolOptions) -> Void) -> PoolOptions {
        var limits = PoolOptions(databaseOnServer: "app")
        change(&limits)
        return limits
    }

    @Test("A limit of 0 is none, and the one of the database comes before the user's")
    func clients() {
        var quota = Quota(maximumServers: 0)
        for _ in 0..<3 { quota.clientEntered("app", "ann") }
        #expect(quota.limit(ofClients: "app", "ann", limits { _ in }) == nil)
        let both = limits { ($0.maximumDatabaseClients, $0.maximumUserClients) = (3, 2) }
        #expect(quota.limit(ofClients: "app", "ann", both)?.scope == .database)
        #expect(quota.limit(ofClients: "app", "ann", both)?.limit == 3)
        #expect(quota.limit(ofClients: "other", "ann", both)?.scope == .user)
        #expect(quota.limit(ofClients: "other", "bob", both) == nil)
        quota.clientLeft("app", "ann")
        #expect(quota.limit(ofClients: "app", "bob", both) == nil)
    }

    @Test("Of servers the process's limit comes first, whatever names they have")
    func servers() {
        var quota = Quota(maximumServers: 2)
        quota.serverOpened("app", "ann")
        let one = limits { ($0.maximumDatabaseServers, $0.maximumUserServers) = (1, 1) }
        #expect(quota.limit(ofServers: "app", "bob", one, all: 1) == .database)
        #expect(quota.limit(ofServers: "other", "ann", one, all: 1) == .user)
        #expect(quota.limit(ofServers: "other", "bob", one, all: 1) == nil)
        #expect(quota.limit(ofServers: "other", "bob", one, all: 2) == .process)
        quota.serverClosed("app", "ann")
        #expect(quota.limit(ofServers: "app", "ann", one, all: 1) == nil)
    }

    @Test("Names that nobody has any more are forgotten, in whatever order they come and go", arguments: 1...10)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var quota = Quota(maximumServers: 0)
        var there: [(String, String)] = []
        for _ in 0..<2000 {
            if there.count < 40, Bool.random(using: &random) {
                let name = ("d\(Int.random(in: 0..<5, using: &random))", "u\(Int.random(in: 0..<5, using: &random))")
                quota.clientEntered(name.0, name.1)
                there.append(name)
            } else if let place = there.indices.randomElement(using: &random) {
                let name = there.remove(at: place)
                quota.clientLeft(name.0, name.1)
            }
            #expect(quota.clients.databases == Dictionary(grouping: there) { $0.0 }.mapValues(\.count))
            #expect(quota.clients.users == Dictionary(grouping: there) { $0.1 }.mapValues(\.count))
        }
    }
}
