import ProxyCore
import Testing

@testable import Cluster

@Suite struct NodeCommandScriptTests {
    @Test func promoting() {
        var script = NodeCommandScript(.promote(seconds: 7))
        #expect(script.begin(version: 150_000) == .send("SELECT pg_catalog.pg_promote(true, 7)"))
        #expect(script.next(["t"]) == .end(.promoted(true)))
        var late = NodeCommandScript(.promote(seconds: 7))
        _ = late.begin(version: 150_000)
        #expect(late.next(["f"]) == .end(.promoted(false)))
    }

    @Test func following() {
        var script = NodeCommandScript(.follow(.tcp(host: "b", port: 5433)))
        guard case .send(let question) = script.begin(version: 130_000) else {
            Issue.record("nothing is asked")
            return
        }
        #expect(question.contains("'primary_conninfo'") && question.contains("'primary_slot_name'"))
        #expect(
            script.next(["host=a port=5432 user='o''s'", "s1", "f", "t"])
                == .end(.refused("its primary_conninfo cannot be understood"))
        )
        var again = NodeCommandScript(.follow(.tcp(host: "b", port: 5433)))
        _ = again.begin(version: 130_000)
        #expect(
            again.next([#"host=a user='o\'s' application_name=r1"#, "s1", "f", "t"])
                == .send(
                    #"ALTER SYSTEM SET primary_conninfo = E'host=b port=5433 user=''o\\''s'' application_name=r1'"#
                )
        )
        #expect(again.next([]) == .send("SELECT pg_catalog.pg_reload_conf()"))
        #expect(again.next(["t"]) == .end(.follows(slot: "s1")))
    }

    struct Pointing: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let conninfo: String
        var onlyFrom: [NodeAddress]?
        var row: [String?] = ["", "f", "t"]
        /// Nil: it is changed.
        let end: NodeCommandOutcome?
    }

    private static let old = NodeAddress.tcp(host: "a", port: 5433)

    static let pointings: [Pointing] = [
        .init(testDescription: "another node", conninfo: "host=c port=5433", end: nil),
        .init(
            testDescription: "the primary already",
            conninfo: "user=u port=5433 host=b",
            end: .followsAlready(slot: nil)
        ),
        .init(
            testDescription: "already, through a slot, and what it receives is hidden",
            conninfo: "host=b port=5433",
            row: ["s", "t", "t"],
            end: .followsAlready(slot: "s", isHidden: true)
        ),
        .init(testDescription: "the primary's host at another port", conninfo: "host=b", end: nil),
        .init(
            testDescription: "a primary of the past",
            conninfo: "host=a port=5433",
            onlyFrom: [.tcp(host: "z", port: 1), old],
            end: nil
        ),
        .init(
            testDescription: "another replica, which is left so",
            conninfo: "host=c port=5433",
            onlyFrom: [old],
            end: .leftAlone
        ),
        .init(
            testDescription: "several hosts, the primary's among them",
            conninfo: "host=a,b port=5433",
            onlyFrom: [old],
            end: .leftAlone
        ),
        .init(testDescription: "nothing at all", conninfo: "", onlyFrom: [old], end: .leftAlone),
        .init(
            testDescription: "no replica any more",
            conninfo: "host=a port=5433",
            row: ["", "f", "f"],
            end: .refused("it is no replica any more")
        ),
    ]

    @Test(arguments: pointings) func pointing(_ pointing: Pointing) {
        var script = NodeCommandScript(.follow(.tcp(host: "b", port: 5433), onlyFrom: pointing.onlyFrom))
        _ = script.begin(version: 150_000)
        #expect(script.isAboutToChange)
        let step = script.next([pointing.conninfo] + pointing.row)
        if let end = pointing.end {
            #expect(step == .end(end))
        } else {
            guard case .send(let statement) = step else {
                Issue.record("\(step)")
                return
            }
            #expect(statement.hasPrefix("ALTER SYSTEM SET primary_conninfo = E'host=b port=5433"))
        }
    }

    @Test func whereAConninfoLeads() {
        let cases: [(String, [NodeAddress]?)] = [
            ("", []), ("host=a", [.tcp(host: "a", port: 5432)]),
            ("host=a,b port=1,2", [.tcp(host: "a", port: 1), .tcp(host: "b", port: 2)]),
            ("host=a,/run port=3", [.tcp(host: "a", port: 3), .unix(directory: "/run", port: 3)]),
            ("host=a hostaddr=10.0.0.1 port=5", [.tcp(host: "10.0.0.1", port: 5)]),
            ("postgres://u@[::1]:7/x", [.tcp(host: "::1", port: 7)]), ("nonsense=1", nil),
        ]
        for (text, expected) in cases { #expect(PrimaryConninfo.targets(text) == expected, "\(text)") }
    }

    @Test func beforePostgreSQL13NothingCanBeDone() {
        var script = NodeCommandScript(.follow(.tcp(host: "b", port: 5433)))
        guard case .end(.refused(let reason)) = script.begin(version: 120_000) else {
            Issue.record("it was tried")
            return
        }
        #expect(reason.contains("restart"))
    }

    @Test func aSlotIsMadeOnce() {
        var script = NodeCommandScript(.provideSlot("it's"))
        guard case .send(let statement) = script.begin(version: 150_000) else {
            Issue.record("nothing is done")
            return
        }
        #expect(statement.contains("pg_create_physical_replication_slot(E'it''s', true)"))
        #expect(script.next(["(s,0/0)"]) == .end(.slotProvided))
        var again = NodeCommandScript(.provideSlot("it's"))
        _ = again.begin(version: 150_000)
        #expect(again.next([]) == .end(.slotThere))
    }

    @Test func onlyTheAddressOfAConninfoChanges() {
        let cases: [(String, NodeAddress, String?)] = [
            ("host=a,b hostaddr=1.2.3.4 port=1,2 user=u", .tcp(host: "c", port: 3), "host=c port=3 user=u"),
            (
                "postgresql://u:p%20w@a:1/?sslmode=require", .tcp(host: "c", port: 3),
                "host=c port=3 user=u password='p w' sslmode=require"
            ),
            ("user=u", .unix(directory: "/var/run/my dir", port: 3), "host='/var/run/my dir' port=3 user=u"),
            ("", .tcp(host: "::1", port: 3), "host=::1 port=3"),
            ("nonsense=1", .tcp(host: "c", port: 3), nil),
        ]
        for (old, address, expected) in cases {
            #expect(PrimaryConninfo.pointing(old, at: address) == expected, "\(old)")
        }
    }
}
