import Testing

@testable import ProxyCore

@Suite struct MemorySharesTests {
    private typealias Holder = MemoryShares.Holder<Int>
    private static let megabyte = 1 << 20

    private let shares = MemoryShares(limit: 100 << 20)

    private func look(_ shares: inout MemoryShares, _ inUse: Int, at now: Microseconds) -> Bool {
        shares.look(inUse: inUse * Self.megabyte, at: now)
    }

    @Test func aQuarterIsForThoseWhoHoldLittle() {
        #expect(shares.allowance(inUse: 75 * Self.megabyte - 1) == .max)
        #expect(shares.allowance(inUse: 75 * Self.megabyte) == MemoryShares.little)
        #expect(shares.allowance(inUse: 100 * Self.megabyte - 1) == MemoryShares.little)
        #expect(shares.allowance(inUse: 100 * Self.megabyte) == MemoryShares.nextToNothing)
        #expect(shares.allowance(inUse: .max) == MemoryShares.nextToNothing)
    }

    @Test func clientsAreEndedWhenPatienceIsOverAndNotBefore() {
        let patience = MemoryShares.patience
        var shares = shares
        #expect(!look(&shares, 74, at: 0))
        #expect(shares.strainedSince == nil)
        #expect(!look(&shares, 75, at: 10))
        // What lies between is strain as long as it has not been relieved.
        #expect(!look(&shares, 51, at: patience + 9))
        #expect(look(&shares, 51, at: patience + 10))
        #expect(!look(&shares, 51, at: 2 * patience + 9))
        #expect(look(&shares, 51, at: 2 * patience + 10))
        #expect(!look(&shares, 49, at: 3 * patience + 10))
        #expect(!look(&shares, 80, at: 3 * patience + 20))
        #expect(!look(&shares, 80, at: 4 * patience + 19))
    }

    @Test func whoHoldsMostIsEndedFirstAndNoMoreThanNeedBe() {
        let holders = [
            Holder(name: 1, bytes: 10 * Self.megabyte, isServed: false),
            Holder(name: 2, bytes: 30 * Self.megabyte, isServed: false),
            Holder(name: 3, bytes: 40 * Self.megabyte, isServed: true),
            Holder(name: 4, bytes: 5 * Self.megabyte, isServed: false),
        ]
        let ended = { (inUse: Int) in shares.ended(of: holders, inUse: inUse * Self.megabyte).map(\.name) }
        #expect(ended(76) == [2])
        #expect(ended(85) == [2, 1])
        #expect(ended(94) == [2, 1, 4])
        // Who has a server comes last.
        #expect(ended(96) == [2, 1, 4, 3])
        #expect(ended(49).isEmpty)
    }

    @Test func whoHoldsLittleStays() {
        let holders = (0..<1_000).map { Holder(name: $0, bytes: MemoryShares.little - 1, isServed: false) }
        #expect(shares.ended(of: holders, inUse: 99 * Self.megabyte).isEmpty)
        // At the limit itself there is nobody else to take it from.
        #expect(shares.ended(of: holders, inUse: 100 * Self.megabyte).count == 801)
    }
}

@Suite struct UnreadOutputTests {
    @Test func timeCountsFromWhenSomethingLastLeft() {
        var unread = UnreadOutput<Int>()
        // At the third more has come and nothing has left; then a byte has.
        let looks = [(100, 0), (100, 10), (150, 20), (149, 30), (149, 40)] as [(Int, Microseconds)]
        let times = looks.map { bytes, now in
            defer { unread.looked() }
            return unread.note(1, bytes: bytes, at: now)
        }
        #expect(times == [0, 10, 20, 0, 10])
    }

    @Test func whoHasReadAllIsForgotten() {
        var unread = UnreadOutput<Int>()
        _ = unread.note(1, bytes: 5, at: 0)
        _ = unread.note(2, bytes: 5, at: 0)
        unread.looked()
        #expect(unread.count == 2)
        _ = unread.note(2, bytes: 5, at: 10)
        unread.looked()
        #expect(unread.count == 1)
        let since = unread.note(1, bytes: 5, at: 20)
        #expect(since == 0)
    }
}
