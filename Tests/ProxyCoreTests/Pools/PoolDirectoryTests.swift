import Bytes
@testable import ProxyCore
import ProxyTerms
import Testing

struct PoolDirectoryTests {
    private func make(_ directory: inout PoolDirectory, _ key: PoolKey) -> PoolPointer {
        directory.insert(key) {
            Pool(handle: $0, key: key, options: PoolOptions(), nodeCount: 1, catalog: .builtin, epoch: 0)
        }
    }

    @Test func aSupersededPoolTakesNobodyAndCountsUntilItIsGone() {
        var directory = PoolDirectory(maximumServers: 0)
        let key = PoolKey(database: "shop", user: "ann")
        #expect(directory[key] == nil && !directory.serves("shop"))
        let first = make(&directory, key)
        #expect(directory[key] == first && directory.serves("shop"))
        let isAlone = !first.pointee.hasGenerations
        #expect(isAlone)
        #expect(directory[PoolKey(database: "shop", user: "bob")] == nil)
        let isFirst = directory.supersede(first)
        let isAgain = directory.supersede(first)
        #expect(isFirst && !isAgain)
        #expect(directory[key] == nil && !directory.serves("shop"))
        #expect(directory.generations(of: key) == [first])
        let second = make(&directory, key)
        #expect(directory[key] == second)
        let haveGenerations = second.pointee.hasGenerations && first.pointee.hasGenerations
        #expect(haveGenerations)
        _ = directory.supersede(second)
        let third = make(&directory, key)
        #expect(directory.generations(of: key) == [first, second, third])
        directory.remove(first)
        #expect(directory.generations(of: key) == [second, third])
        directory.remove(third)
        #expect(directory[key] == nil)
        directory.remove(second)
        #expect(directory.count == 0 && directory.generations(of: key).isEmpty)
        let isAnew = !make(&directory, key).pointee.hasGenerations
        #expect(isAnew)
    }

    @Test func whatIsCountedOutlivesItsPool() {
        var directory = PoolDirectory(maximumServers: 0)
        for (user, database, transactions) in [("ann", "shop", 3), ("bob", "shop", 4), ("ann", "stock", 5)] {
            let pool = make(&directory, PoolKey(database: database, user: user))
            pool.pointee.counters.transactions = UInt64(transactions)
            pool.pointee.counters.errors = 1
            directory.remove(pool)
        }
        let shop = directory.totals["shop"]
        #expect(shop.transactions == 7 && shop.errors == 2 && shop.queries == 0)
        #expect(directory.totals.all.transactions == 12)
        #expect(directory.totals["none"] == PoolCounters())
        for number in 0..<CounterTotals.mostDatabases {
            let pool = make(&directory, PoolKey(database: "made up \(number)", user: "eve"))
            pool.pointee.counters.transactions = 1
            directory.remove(pool)
        }
        #expect(directory.totals.all.transactions == 12 + UInt64(CounterTotals.mostDatabases))
        #expect(directory.totals["made up \(CounterTotals.mostDatabases - 1)"].transactions == 0)
        #expect(directory.totals["shop"].transactions == 7)
    }

    @Test func processesAreFoundByTheirLatestOwner() {
        var processes = ProcessDirectory(chance: 1)
        let process = ServerProcess(node: 0, id: 7)
        let (old, new) = (Handle(index: 1, generation: 1), Handle(index: 2, generation: 1))
        processes.joined(process, old)
        processes.joined(process, new)
        processes.left(process, old)
        #expect(processes[process] == new)
        #expect(processes[ServerProcess(node: 1, id: 7)] == nil)
        processes.left(process, new)
        #expect(processes[process] == nil)
    }

    @Test func doubtsAreToldNowAndThen() {
        var logins = LoginDesk()
        let asked = [0, 99_999, 100_000].map { logins.doubt(at: $0) }
        #expect(asked == [true, false, true])
        logins.changed(coveredBy: 5)
        #expect(logins.lastChange == 5)
    }
}
