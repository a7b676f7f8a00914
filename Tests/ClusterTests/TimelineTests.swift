import ProxyCore
import Testing

@testable import Cluster

@Suite struct TimelineTests {
    private func timeline(_ number: UInt32, _ history: [(UInt32, UInt64)]?) -> Timeline {
        Timeline(
            number: number,
            history: history?.map { TimelineSwitch(timeline: $0.0, end: WALPosition(rawValue: $0.1)) }
        )
    }

    @Test func aHistoryFileIsRead() {
        let file = """
            1\t0/3000148\tno recovery target specified

            # a comment
            2\t0/5000000\tbefore 2024-01-01 00:00:00+00
            """
        let found = Timeline(number: 3, file: file)
        #expect(found == timeline(3, [(1, 0x300_0148), (2, 0x500_0000)]))
        #expect(found.end(of: 2) == WALPosition("0/5000000"))
        #expect(found.end(of: 3) == nil)
    }

    @Test(arguments: [nil, "", "nonsense", "1", "1\tnowhere\tx", "2\t0/1\tx\n1\t0/2\tx", "2\t0/1\tx\n2\t0/2\tx"])
    func whatIsNoHistoryIsUnknown(_ file: String?) {
        #expect(Timeline(number: 3, file: file).history == nil)
    }

    @Test func nothingLedToTheFirst() {
        #expect(Timeline(number: 1, file: nil).history == [])
    }

    @Test func relations() {
        let first = timeline(1, nil)
        let second = timeline(2, [(1, 100)])
        let other = timeline(2, [(1, 90)])
        let third = timeline(3, [(1, 100), (2, 200)])
        let skipping = timeline(3, [(1, 100)])
        let silent = timeline(3, nil)
        let at = WALPosition.init(rawValue:)
        let cases: [(Timeline, Timeline, TimelineRelation)] = [
            (first, first, .same), (second, second, .same), (second, other, .diverged),
            (second, first, .descendant(otherEnded: at(100))), (first, second, .ancestor(ended: at(100))),
            (third, first, .descendant(otherEnded: at(100))), (third, second, .descendant(otherEnded: at(200))),
            (second, third, .ancestor(ended: at(200))),
            // Another timeline 2 than the one that led to it.
            (third, other, .diverged), (other, third, .diverged),
            // Timeline 3 went out from 1, so it has nothing of 2.
            (skipping, second, .diverged), (second, skipping, .diverged),
            (silent, second, .untoldNewer), (second, silent, .untoldOlder), (silent, silent, .same),
            (silent, third, .same), (third, timeline(2, nil), .descendant(otherEnded: at(200))),
        ]
        for (left, right, expected) in cases { #expect(left.relation(to: right) == expected, "\(left) to \(right)") }
    }
}
