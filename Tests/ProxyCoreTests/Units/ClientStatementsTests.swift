import Bytes
import ProxySimulation
import Testing

@testable import ProxyCore

struct ClientStatementsTests {
    private let hash = KeyedHash(seed: 3)

    private func place(_ statements: inout ClientStatements, _ name: String) -> ClientStatements.Place {
        let bytes = Array(name.utf8)
        let hash = hash.hash(bytes.span.bytes)
        return statements.find(bytes.span.bytes, hash: hash) ?? statements.add(bytes.span.bytes, hash: hash)
    }

    private func meaning(_ statements: ClientStatements, _ name: String) -> StatementID? {
        let bytes = Array(name.utf8)
        guard let place = statements.find(bytes.span.bytes, hash: hash.hash(bytes.span.bytes)) else { return nil }
        let id = statements.statement(at: place)
        return id.isNone ? nil : id
    }

    @Test("As a dictionary would have it, with few names and with many", arguments: [3, 8, 9, 40, 300])
    func agreesWithDictionary(names: Int) {
        var dice = Dice(seed: UInt64(names))
        var statements = ClientStatements()
        var model: [String: StatementID] = [:]
        for step in 0..<3000 {
            let name = "name \(dice.below(names))"
            let id = dice.chance(40) ? StatementID.none : StatementID(rawValue: UInt32(1 + dice.below(1000)))
            let place = self.place(&statements, name)
            let previous = statements.set(place, to: id)
            #expect(previous == model[name] ?? .none)
            model[name] = id.isNone ? nil : id
            if step % 50 == 0 { statements.compact() }
            #expect(statements.count == model.count)
        }
        for number in 0..<names { #expect(meaning(statements, "name \(number)") == model["name \(number)"]) }
        var released: [StatementID] = []
        statements.forEach { released.append($0) }
        #expect(released.map(\.rawValue).sorted() == model.values.map(\.rawValue).sorted())
    }

    @Test func compactingForgetsNamesOfNothing() {
        var statements = ClientStatements()
        for number in 0..<100 {
            let place = self.place(&statements, "name \(number)")
            _ = statements.set(place, to: StatementID(rawValue: UInt32(number + 1)))
            if number % 10 > 0 { _ = statements.set(place, to: .none) }
        }
        statements.compact()
        #expect(statements.count == 10)
        #expect(meaning(statements, "name 50") == StatementID(rawValue: 51))
        let gone = Array("name 51".utf8)
        let place = statements.find(gone.span.bytes, hash: hash.hash(gone.span.bytes))
        #expect(place == nil)
    }

    @Test func forgetsAllButSome() {
        var statements = ClientStatements()
        for number in 0..<20 {
            let place = self.place(&statements, "\(number)")
            _ = statements.set(place, to: StatementID(rawValue: UInt32(number + 1)))
        }
        var released: Set<UInt32> = []
        statements.forgetAll(but: [3, 5]) { released.insert($0.rawValue) }
        #expect(released == Set(1...20).subtracting([4, 6]))
        #expect(statements.count == 2)
        #expect(meaning(statements, "3") == StatementID(rawValue: 4))
        #expect(meaning(statements, "4") == nil)
    }
}
