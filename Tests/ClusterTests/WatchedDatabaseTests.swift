import Testing

@testable import Cluster

/// When a database's catalog is looked at.
struct WatchedDatabaseTests {
    private let options = CatalogOptions(
        interval: .seconds(10),
        quiet: .milliseconds(200),
        longestDelay: .seconds(2)
    )

    private static let millisecond: UInt64 = 1_000

    /// Looks at a database whose catalog changes every so often, each of which is over at once.
    /// - Returns: how many there were until all changes had been seen, and the longest that one waited.
    private func looks(changes: Int, every gap: UInt64) -> (count: Int, longest: UInt64) {
        var watched = WatchedDatabase(due: .max)
        var (count, longest, now): (Int, UInt64, UInt64) = (0, 0, 0)
        var oldest: UInt64?
        var left = changes
        while left > 0 || oldest != nil {
            now += Self.millisecond
            if left > 0, now % (gap * Self.millisecond) == 0 {
                watched.noteChange(CatalogChange(changes - left + 1), at: now, options)
                oldest = oldest ?? now
                left -= 1
            }
            if let told = oldest, watched.due <= now {
                watched.beginLook()
                count += 1
                longest = max(longest, now - told)
                oldest = nil
                watched.succeeded(at: now, options)
            }
        }
        return (count, longest / Self.millisecond)
    }

    @Test("A crowd of changes costs one look; one that does not end costs one in two seconds")
    func crowds() {
        #expect(looks(changes: 1, every: 10) == (1, 200))
        #expect(looks(changes: 200, every: 1) == (1, 399))
        // Two hundred reloads in twenty seconds were these.
        #expect(looks(changes: 200, every: 100).count <= 10)
        #expect(looks(changes: 200, every: 100).longest <= 2000)
        #expect(looks(changes: 20, every: 500).count == 20)
    }

    @Test("What changes during a look is looked at again")
    func duringALook() {
        var watched = WatchedDatabase(due: 0)
        watched.beginLook()
        watched.noteChange(7, at: 1000, options)
        watched.succeeded(at: 2000, options)
        #expect(watched.due == 1000 + 200 * Self.millisecond)
        #expect(watched.change == 7)
    }

    @Test("A look that fails again and again is made more and more seldom, and told of once")
    func failures() {
        var watched = WatchedDatabase(due: 0)
        var pauses: [UInt64] = []
        for number in 0..<8 {
            watched.beginLook()
            let isNews = watched.failed("no", at: 0, options)
            #expect(isNews == (number == 0))
            pauses.append(watched.due / (1000 * Self.millisecond))
        }
        #expect(pauses == [10, 20, 40, 80, 160, 320, 320, 320])
        watched.beginLook()
        watched.succeeded(at: 0, options)
        #expect(watched.due == 10_000 * Self.millisecond)
        watched.beginLook()
        let isNews = watched.failed("no", at: 0, options)
        #expect(isNews)
    }

    @Test("Each step is one statement, and none opens a transaction that would hold a snapshot")
    func steps() {
        for step in CatalogStep.allCases {
            let words = step.text.uppercased().split(whereSeparator: { $0 == " " || $0 == "\n" })
            #expect(!step.text.contains(";"))
            #expect(["SELECT", "SET", "WITH"].contains(words.first ?? ""), "\(step)")
        }
    }
}
