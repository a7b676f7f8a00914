import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Messages in unusual number, order and size.
    @Suite struct Messages {
        @Test func aThousandSyncsAreAnsweredInOrder() throws {
            let client = try client()
            var bytes: [UInt8] = []
            for number in 0..<1000 { bytes += Frontend.extended("SELECT $1::int", ["\(number)"]) }
            try client.send(bytes)
            for number in 0..<1000 {
                let reply = try client.receiveCycle()
                #expect(reply.plainShape == "12TDCZ" && reply.value == "\(number)", "\(number): \(reply)")
            }
            try client.send((0..<1000).flatMap { _ in Frontend.sync })
            for _ in 0..<1000 { #expect(try client.receiveCycle().shape == "Z") }
        }

        @Test func anErrorSkipsToItsOwnSync() throws {
            let client = try client()
            let good = Frontend.extended("SELECT 1")
            let bad = Frontend.parse("", "SELECT 1/0") + Frontend.bind("", "") + Frontend.execute() + good
            try client.send(good + bad + good)
            #expect(try client.receiveCycle().plainShape == "12TDCZ")
            #expect(try client.receiveCycle().state == "22012")
            #expect(try client.receiveCycle().plainShape == "12TDCZ")
        }

        @Test func flushBringsRepliesBeforeTheSync() throws {
            let client = try client()
            try client.send(Frontend.parse("f", "SELECT $1::int") + Frontend.describe(.statement, "f") + Frontend.flush)
            #expect(try client.receive(until: "T").plainShape == "1tT")
            try client.send(Frontend.bind("", "f", texts: ["8"]) + Frontend.execute() + Frontend.flush)
            #expect(try client.receive(until: "C").value == "8")
            try client.send(Frontend.sync)
            #expect(try client.receiveCycle().shape == "Z")
        }

        @Test func copyCarriesMegabytesBothWays() throws {
            let client = try client()
            try client.query("CREATE TABLE IF NOT EXISTS copied (id int, note text)")
            try client.query("TRUNCATE copied")
            let row = String(repeating: "x", count: 1000)
            let lines = (0..<100).map { "\($0)\t\(row)\n" }.joined()
            let chunk = Array(lines.utf8)
            for isExtended in [false, true] {
                let copy = "COPY copied FROM STDIN"
                try client.send(
                    isExtended
                        ? Frontend.parse("", copy) + Frontend.bind("", "") + Frontend.execute() + Frontend.sync
                        : Frontend.query(copy)
                )
                #expect(try client.receive(until: "G").plainShape.hasSuffix("G"))
                for _ in 0..<80 { try client.send(Frontend.copyData(chunk)) }
                try client.send(Frontend.copyDone + (isExtended ? Frontend.sync : []))
                let reply = try client.receiveCycle()
                #expect(reply.tags == ["COPY 8000"] && reply.status == "I", "\(reply)")
            }
            try cluster().waitForReplication()
            for isExtended in [false, true] {
                let copy = "COPY copied TO STDOUT"
                try client.send(isExtended ? Frontend.extended(copy) : Frontend.query(copy))
                var bytes = 0
                while true {
                    let message = try client.skim()
                    if message.letter == "d" { bytes += message.size }
                    if message.letter == "Z" { break }
                    #expect(message.letter != "E")
                }
                #expect(bytes == 160 * chunk.count)
            }
            try client.query("DROP TABLE copied")
        }

        @Test func aSyncWithinACopyIsIgnored() throws {
            let client = try client()
            for end in [Frontend.copyDone, Frontend.copyFail("enough")] {
                try client.send(Frontend.query("BEGIN"))
                #expect(try client.receiveCycle().status == "T")
                try client.send(
                    Frontend.parse("", "COPY written FROM STDIN") + Frontend.bind("", "") + Frontend.execute()
                )
                #expect(try client.receive(until: "G").plainShape == "12G")
                try client.send(Frontend.sync)
                try client.send(
                    Frontend.copyData(Array("1\n".utf8)) + end + Frontend.close(.statement, "") + Frontend.sync
                )
                let reply = try client.receiveCycle()
                #expect(reply.plainShape == (end == Frontend.copyDone ? "C3Z" : "EZ"), "\(reply)")
                #expect(try client.query("ROLLBACK").tags == ["ROLLBACK"])
                // The same in the simple protocol.
                try client.send(Frontend.query("BEGIN; COPY written FROM STDIN"))
                #expect(try client.receive(until: "G").plainShape == "CG")
                try client.send(Frontend.sync)
                try client.send(Frontend.copyData(Array("1\n".utf8)) + end)
                #expect(try client.receiveCycle().plainShape == (end == Frontend.copyDone ? "CZ" : "EZ"))
                #expect(try client.query("ROLLBACK").plainShape == "CZ")
            }
        }

        @Test func nullBytesPass() throws {
            let client = try client()
            let bytes = (0..<512).map { UInt8(truncatingIfNeeded: $0) }
            try client.send(
                Frontend.parse("", "SELECT $1::bytea, length($1::bytea)")
                    + Frontend.bind("", "", [bytes], binary: true, binaryResults: true) + Frontend.execute()
                    + Frontend.sync
            )
            let reply = try client.receiveCycle()
            let columns = try #require(reply.messages.first { $0.is("D") }?.columns)
            #expect(columns[0] == bytes)
            #expect(columns[1] == Frontend.int32(512))
        }

        @Test func largeValuesStreamInBoundedMemory() throws {
            let proxy = try HowdahProcess(cluster())
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            #expect(try client.value("SELECT 1") == "1")
            let before = proxy.residentMemory
            let size = 100 << 20
            try client.send(
                Frontend.parse("", "SELECT length($1::bytea)")
                    + Frontend.bind("", "", [[UInt8](repeating: 7, count: size)], binary: true) + Frontend.execute()
                    + Frontend.sync
            )
            #expect(try client.receiveCycle().value == "\(size)")
            try client.send(Frontend.query("SELECT repeat('z', \(size))"))
            var row = 0
            while true {
                let message = try client.skim()
                if message.letter == "D" { row = message.size }
                if message.letter == "Z" { break }
            }
            #expect(row == size + 6)
            let growth = proxy.peakMemory - before
            print("memory for 100 MB each way: \(growth) kB above \(before) kB")
            #expect(growth < 40 << 10, "\(growth) kB")
        }

        @Test func aSlowReaderHoldsUpNobody() throws {
            let proxy = try HowdahProcess(cluster())
            defer { #expect(proxy.stop()) }
            let slow = try WireClient(port: proxy.port, receiveBuffer: 4096)
            try slow.send(Frontend.query("SELECT repeat('s', 1000) FROM generate_series(1, 200000)"))
            _ = try slow.receive()
            let before = proxy.residentMemory
            let quick = try WireClient(port: proxy.port)
            for number in 0..<200 { #expect(try quick.value("SELECT \(number)") == "\(number)") }
            #expect(proxy.residentMemory - before < 20 << 10)
            var rows = 0
            while true {
                let message = try slow.skim()
                if message.letter == "D" { rows += 1 }
                if message.letter == "Z" { break }
            }
            #expect(rows == 200_000)
        }

        /// Statements that sleep now, on any node.
        private func sleepers(_ text: String) throws -> Int {
            let count = "SELECT count(*) FROM pg_stat_activity WHERE query = '\(text)' AND state = 'active'"
            return try cluster().nodes.map { Int(try $0.sql(count)) ?? 0 }.reduce(0, +)
        }

        /// Asks the proxy to cancel, and waits until it has closed the connection.
        private func cancel(process: [UInt8], key: [UInt8]) throws {
            let request = try WireClient(connectedTo: proxy().port)
            try request.send(Frontend.cancelRequest(process: process, key: key))
            #expect(try request.receiveToEnd().messages.isEmpty)
        }

        @Test func cancelReachesOneStatementOnly() throws {
            let (first, second) = ("SELECT pg_sleep(600)", "SELECT pg_sleep(601)")
            let victim = try client()
            let bystander = try client()
            try victim.send(Frontend.query(first))
            try bystander.send(Frontend.query(second))
            try eventually("both to sleep") { try sleepers(first) + sleepers(second) == 2 }
            // A wrong key does nothing.
            try cancel(process: victim.processID, key: victim.key.map { $0 ^ 0x55 })
            #expect(!victim.hasInput(within: 100))
            try cancel(process: victim.processID, key: victim.key)
            let reply = try victim.receiveCycle()
            #expect(reply.state == "57014" && reply.status == "I", "\(reply)")
            #expect(try sleepers(second) == 1 && !bystander.hasInput(within: 0))
            try cancel(process: bystander.processID, key: bystander.key)
            #expect(try bystander.receiveCycle().state == "57014")
            // An idle client has nothing to be cancelled; what it does next is not.
            try cancel(process: victim.processID, key: victim.key)
            for _ in 0..<20 { #expect(try victim.query("SELECT 1").errors.isEmpty) }
        }

        @Test func cancelEndsAWaitForAServer() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "1"])
            defer { #expect(proxy.stop()) }
            let holder = try WireClient(port: proxy.port)
            try holder.query("BEGIN")
            try holder.query("UPDATE item SET note = note WHERE id = 2")
            let waiter = try WireClient(port: proxy.port)
            try waiter.send(Frontend.query("UPDATE item SET note = note WHERE id = 3"))
            #expect(!waiter.hasInput(within: 50))
            let request = try WireClient(connectedTo: proxy.port)
            try request.send(Frontend.cancelRequest(process: waiter.processID, key: waiter.key))
            #expect(try request.receiveToEnd().messages.isEmpty)
            let reply = try waiter.receiveCycle()
            #expect(reply.state == "57014" && reply.status == "I", "\(reply)")
            #expect(try holder.query("COMMIT").tags == ["COMMIT"])
            #expect(try waiter.query("UPDATE item SET note = note WHERE id = 3").tags == ["UPDATE 1"])
        }
    }
}
