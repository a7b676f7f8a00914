import LocalCluster
import Testing

@testable import Cluster

@Suite struct CommitWatchTests {
    private static let second: UInt64 = 1_000_000
    private let wait = CommitWait(needed: 1, following: 0, sessions: 3)

    @Test func aWaitThatLastsIsToldOnceAndSoIsItsEnd() {
        var watch = CommitWatch()
        var news: [CommitWatch.News] = []
        for time in 100...110 as ClosedRange<UInt64> {
            // What changes with each look is no news.
            let wait = CommitWait(needed: 1, following: 0, sessions: Int(time))
            if let new = watch.look(primary: 1, wait, at: time * Self.second) { news.append(new) }
        }
        #expect(news == [.waiting(primary: 1, CommitWait(needed: 1, following: 0, sessions: 103))])
        #expect(watch.look(primary: 1, nil, at: 111 * Self.second) == .goingOn(primary: 1))
        #expect(watch.look(primary: 1, nil, at: 112 * Self.second) == nil)
    }

    @Test func aShortWaitIsNoNewsNorIsThatOfAPrimaryThatIsLost() {
        var watch = CommitWatch()
        #expect(watch.look(primary: 1, wait, at: 100 * Self.second) == nil)
        #expect(watch.look(primary: 1, nil, at: 102 * Self.second) == nil)
        for time in 103...110 as ClosedRange<UInt64> { _ = watch.look(primary: 1, wait, at: time * Self.second) }
        #expect(watch.look(primary: nil, nil, at: 111 * Self.second) == nil)
        // Another primary's wait is another wait.
        #expect(watch.look(primary: 2, wait, at: 112 * Self.second) == nil)
    }

    @Test func readsItsValue() {
        #expect(CommitWait("1 0 3") == wait)
        #expect(CommitWait("") == nil)
        #expect(wait.text.contains("asks for 1 standby, and 0 follow"))
    }

    /// What a real primary says of itself, by each form of the setting.
    @Test func aPrimarySaysHowManyAreMissing() throws {
        var options = LocalClusterOptions()
        options.replicas = 1
        let cluster = try LocalCluster.start(options)
        defer { cluster.stop() }
        let forms: [(String, String)] = [
            ("", ""), ("*", ""), ("ANY 1 (*)", ""), ("nobody", "1 0 0"), ("any 2 (*)", "2 1 0"), ("2 (*)", "2 1 0"),
            ("FIRST 2(replica_1, nobody)", "2 1 0"), ("first 1 ( nobody )", "1 0 0"), ("nobody, replica_1", ""),
        ]
        for (setting, expected) in forms {
            _ = try cluster.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '\(setting)'")
            try cluster.primary.reload()
            try cluster.primary.wait(
                for: "current_setting('synchronous_standby_names') = '\(setting)'",
                subject: "the setting"
            )
            try cluster.primary.wait(
                for:
                    "COALESCE((SELECT \(CommitWait.column) FROM (SELECT pg_is_in_recovery() AS r) AS node), '') = '\(expected)'",
                subject: "'\(setting)' to be told as '\(expected)'"
            )
        }
    }
}
