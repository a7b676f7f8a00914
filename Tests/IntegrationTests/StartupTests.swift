import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// From a connection's first byte to its first ReadyForQuery, and what is no protocol at all.
    @Suite struct Startup {
        private static let who = [("user", "app"), ("database", "app")]

        private func connect() throws -> WireClient { try WireClient(connectedTo: proxy().port) }

        @Test func welcomesAsAServerDoes() throws {
            let direct = try WireClient(port: cluster().primary.port)
            let client = try client()
            #expect(client.parameters == direct.parameters)
            #expect(client.key.count == 4)
            #expect(try client.value("SELECT 1") == "1")
        }

        @Test func parametersOfTheSessionAreApplied() throws {
            let settings = [
                ("application_name", "it"), ("DateStyle", "German"), ("options", "-c work_mem=3MB --geqo=off"),
            ]
            let direct = try WireClient(port: cluster().primary.port, settings: settings)
            let client = try client(settings: settings)
            #expect(client.parameters == direct.parameters)
            for setting in ["work_mem", "geqo", "application_name", "datestyle"] {
                #expect(try client.value("SHOW \(setting)") == direct.value("SHOW \(setting)"))
            }
            #expect(throws: WireError.self) { _ = try EndToEnd.client(settings: [("no_such_setting", "1")]) }
            #expect(throws: WireError.self) { _ = try EndToEnd.client(settings: [("work_mem", "lots")]) }
        }

        @Test func versionsAreNegotiated() throws {
            let newest = try connect()
            try newest.send(Frontend.startup(version: 3 << 16 | 2, Self.who))
            #expect(try !newest.welcome().shape.contains("v"))
            #expect(newest.key.count > 4)

            let grease = try connect()
            try grease.send(Frontend.startup(version: 3 << 16 | 9999, Self.who + [("_pq_.test", "1")]))
            let reply = try grease.welcome()
            let negotiation = try #require(reply.messages.first { $0.is("v") })
            #expect(Array(negotiation.body.prefix(8)) == Frontend.int32(3 << 16 | 2) + Frontend.int32(1))
            #expect(String(decoding: negotiation.body.dropFirst(8), as: UTF8.self) == "_pq_.test\0")
            #expect(try grease.value("SELECT 1") == "1")

            let old = try connect()
            try old.send(Frontend.startup(version: 2 << 16, Self.who))
            #expect(try old.receiveToEnd().state == "0A000")
        }

        @Test func encryptionIsDeclined() throws {
            let client = try connect()
            try client.send(Frontend.gssRequest)
            #expect(try client.receiveBytes(1) == [UInt8(ascii: "N")])
            try client.send(Frontend.tlsRequest)
            #expect(try client.receiveBytes(1) == [UInt8(ascii: "N")])
            try client.send(Frontend.startup(Self.who))
            try client.welcome()
            #expect(try client.value("SELECT 1") == "1")
        }

        @Test func whatIsNoStartupIsRefused() throws {
            let packets: [(String, [UInt8])] = [
                ("length 0", Frontend.int32(0)), ("length 7", Frontend.int32(7)),
                ("a huge length", Frontend.int32(0x7FFF_FFFF)),
                ("a negative length", Frontend.int32(-1)), ("HTTP", Array("GET / HTTP/1.1\r\n\r\n".utf8)),
                ("no terminator", Frontend.int32(12) + Frontend.int32(3 << 16) + [1, 2, 3, 4]),
                ("no user", Frontend.startup([("database", "app")])), ("empty", Frontend.startup([])),
                ("version 4", Frontend.startup(version: 4 << 16, Self.who)),
            ]
            for (name, packet) in packets {
                let client = try connect()
                try client.send(packet)
                let reply = try client.receiveToEnd()
                #expect(reply.messages.allSatisfy { $0.is("E") && $0.fields["S"] == "FATAL" }, "\(name): \(reply)")
                #expect(reply.messages.count == 1, "\(name): \(reply)")
            }
            #expect(try client().value("SELECT 1") == "1")
        }

        @Test func startupsInPartsAreTaken() throws {
            let client = try connect()
            for byte in Frontend.startup(Self.who) { try client.send([byte]) }
            try client.welcome()
            for byte in Frontend.query("SELECT 5") { try client.send([byte]) }
            #expect(try client.receiveCycle().value == "5")
        }

        @Test func nonsenseAfterLogInEndsOnlyItsClient() throws {
            let bystander = try client()
            let messages: [(String, [UInt8])] = [
                ("an unknown type", Frontend.message("z", [1, 2, 3])),
                ("length 3", [UInt8(ascii: "Q")] + Frontend.int32(3)),
                ("length 0", [UInt8(ascii: "P")] + Frontend.int32(0)),
                ("a negative length", [UInt8(ascii: "Q")] + Frontend.int32(-5)),
                ("beyond every limit", [UInt8(ascii: "Q")] + Frontend.int32(0x7FFF_FFFF)),
                ("noise", (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 11) }),
            ]
            for (name, bytes) in messages {
                for prefix in [[], Frontend.query("BEGIN") + Frontend.query("SELECT 1")] {
                    let client = try client()
                    try client.send(prefix + bytes)
                    let reply = try client.receiveToEnd()
                    #expect(reply.messages.last?.is("E") == true, "\(name): \(reply)")
                    #expect(reply.messages.last?.fields["S"] == "FATAL", "\(name): \(reply)")
                    #expect(try bystander.value("SELECT 1") == "1")
                }
            }
        }

        @Test func aSlowLogInIsCutOff() throws {
            let proxy = try HowdahProcess(cluster(), ["client_login_timeout": "1s"])
            defer { #expect(proxy.stop()) }
            let silent = try WireClient(connectedTo: proxy.port)
            let half = try WireClient(connectedTo: proxy.port)
            try half.send(Array(Frontend.startup(Self.who).prefix(9)))
            #expect(try silent.receiveToEnd().messages.count <= 1)
            let reply = try half.receiveToEnd()
            #expect(reply.messages.allSatisfy { $0.fields["S"] == "FATAL" }, "\(reply)")
            #expect(try WireClient(port: proxy.port).value("SELECT 1") == "1")
        }

        @Test func moreClientsThanAllowedAreRefused() throws {
            let proxy = try HowdahProcess(cluster(), ["max_client_connections": "3"])
            defer { #expect(proxy.stop()) }
            let clients = try (0..<3).map { _ in try WireClient(port: proxy.port) }
            do {
                _ = try WireClient(port: proxy.port)
                Issue.record("a fourth client was let in")
            } catch WireError.refused(let error) {
                #expect(error.state == "53300")
                #expect(error.fields["H"]?.contains("max_client_connections") == true)
            }
            clients[0].close()
            try eventually("a place to become free") { (try? WireClient(port: proxy.port)) != nil }
        }
    }
}
