import ProxyCore
import Testing

@testable import Cluster

@Suite struct ErrandScriptTests {
    @Test func promoting() {
        var script = ErrandScript(.promote(seconds: 7))
        #expect(script.begin(version: 150_000) == .send("SELECT pg_catalog.pg_promote(true, 7)"))
        #expect(script.next(["t"]) == .end(.promoted(true)))
        var late = ErrandScript(.promote(seconds: 7))
        _ = late.begin(version: 150_000)
        #expect(late.next(["f"]) == .end(.promoted(false)))
    }

    @Test func following() {
        var script = ErrandScript(.follow(.tcp(host: "b", port: 5433)))
        guard case .send(let question) = script.begin(version: 130_000) else {
            Issue.record("nothing is asked")
            return
        }
        #expect(question.contains("'primary_conninfo'") && question.contains("'primary_slot_name'"))
        #expect(
            script.next(["host=a port=5432 user='o''s'", "s1"])
                == .end(.refused("its primary_conninfo cannot be understood"))
        )
        var again = ErrandScript(.follow(.tcp(host: "b", port: 5433)))
        _ = again.begin(version: 130_000)
        #expect(
            again.next([#"host=a user='o\'s' application_name=r1"#, "s1"])
                == .send(
                    #"ALTER SYSTEM SET primary_conninfo = E'host=b port=5433 user=''o\\''s'' application_name=r1'"#
                )
        )
        #expect(again.next([]) == .send("SELECT pg_catalog.pg_reload_conf()"))
        #expect(again.next(["t"]) == .end(.follows(slot: "s1")))
    }

    @Test func beforePostgreSQL13NothingCanBeDone() {
        var script = ErrandScript(.follow(.tcp(host: "b", port: 5433)))
        guard case .end(.refused(let reason)) = script.begin(version: 120_000) else {
            Issue.record("it was tried")
            return
        }
        #expect(reason.contains("restart"))
    }

    @Test func aSlotIsMadeOnce() {
        var script = ErrandScript(.provideSlot("it's"))
        guard case .send(let statement) = script.begin(version: 150_000) else {
            Issue.record("nothing is done")
            return
        }
        #expect(statement.contains("pg_create_physical_replication_slot(E'it''s', true)"))
        #expect(script.next([]) == .end(.slotProvided))
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
