import Testing

@testable import ProxyCore

/// What a client's Binds leave for its Executes.
struct BoundPortalsTests {
    private static let statement = StatementID(rawValue: 7)

    @Test("The last Bind's portal is known by its name's hash, the unnamed one by 0")
    func last() {
        var portals = BoundPortals()
        #expect(portals.isLast(named: 0))
        portals.bind(named: 5)
        #expect(portals.isLast(named: 5) && !portals.isLast(named: 0))
        portals.bind(named: 0)
        #expect(portals.isLast(named: 0))
    }

    @Test("Each statement is given back once, by the next Bind or with the transaction")
    func references() {
        var portals = BoundPortals()
        #expect(portals.setLast(Self.statement) == .none)
        #expect(portals.setLast(StatementID(rawValue: 8)) == Self.statement)
        #expect(portals.forget() == StatementID(rawValue: 8))
        #expect(portals.forget() == .none)
    }

    @Test("What one of several may do holds for all until they are gone", arguments: [false, true])
    func effects(copies: Bool) {
        var portals = BoundPortals()
        #expect(!portals.mustBeForgotten)
        if copies { portals.mayCopy() } else { portals.mayChange() }
        _ = portals.setLast(Self.statement)
        portals.bind(named: 3)
        #expect(portals.mayCopyIn == copies && portals.mayChangeSession == !copies && portals.mustBeForgotten)
        _ = portals.forget()
        #expect(!portals.mayCopyIn && !portals.mayChangeSession && !portals.mustBeForgotten)
    }
}
