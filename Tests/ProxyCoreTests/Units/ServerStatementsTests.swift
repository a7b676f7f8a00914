import Bytes
import ProxySimulation
import Testing

@testable import ProxyCore

struct ServerStatementsTests {
    private func serial(_ number: Int) -> StatementSerial { StatementSerial(rawValue: UInt64(number)) }

    @Test func knowsTheLeastRecentlyUsed() {
        var statements = ServerStatements()
        #expect(statements.leastRecentlyUsed == nil)
        for number in 1...3 { statements.insert(serial(number)) }
        #expect(statements.leastRecentlyUsed == serial(1))
        let isThere = statements.use(serial(1))
        #expect(isThere)
        #expect(statements.leastRecentlyUsed == serial(2))
        // Looking is not using, and neither is inserting what is there.
        #expect(statements.contains(serial(2)))
        statements.insert(serial(2))
        #expect(statements.leastRecentlyUsed == serial(2))
        #expect(statements.count == 3)
        statements.remove(serial(2))
        #expect(!statements.contains(serial(2)))
        let isStillThere = statements.use(serial(2))
        #expect(!isStillThere)
        #expect(statements.leastRecentlyUsed == serial(3))
        statements.removeAll()
        #expect(statements.count == 0)
        #expect(statements.leastRecentlyUsed == nil)
    }

    @Test("As a list of what was used, in order, would have it", arguments: 1...20 as ClosedRange<UInt64>)
    func agreesWithList(seed: UInt64) {
        var dice = Dice(seed: seed)
        var statements = ServerStatements()
        var list: [Int] = []
        for _ in 0..<2000 {
            let number = 1 + dice.below(60)
            switch dice.below(4) {
            case 0:
                statements.insert(serial(number))
                if !list.contains(number) { list.append(number) }
            case 1:
                statements.remove(serial(number))
                list.removeAll { $0 == number }
            default:
                let isThere = list.contains(number)
                let found = statements.use(serial(number))
                #expect(found == isThere)
                if isThere {
                    list.removeAll { $0 == number }
                    list.append(number)
                }
            }
            #expect(statements.count == list.count)
            #expect(statements.leastRecentlyUsed == list.first.map { serial($0) })
        }
    }
}
