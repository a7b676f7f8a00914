import Foundation
import SettingSamples
import Testing

@testable import Configuration
@testable import LocalCluster

extension EndToEnd {
    /// RELOAD, SIGHUP and SHOW CONFIG, through the proxy's binary and its file.
    @Suite struct Reload {
        /// A proxy with a file that a test writes anew.
        private final class Setup {
            let file: String
            let users: String
            let proxy: HowdahProcess
            let console: WireClient
            private let cluster: LocalCluster

            /// - Parameter settings: of `[proxy]`.
            init(_ settings: [String: String] = [:], nodes: [String] = ["primary", "replica_1", "replica_2"]) throws {
                cluster = try EndToEnd.cluster()
                let directory = FileManager.default.temporaryDirectory.path + "/howdah-reload-\(UUID().uuidString)"
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                (file, users) = (directory + "/proxy.conf", directory + "/userlist.txt")
                try Self.put("\"app\" \"app\"\n\"scram\" \"right\"", users)
                let names = cluster.nodes
                try Self.put(Self.text(settings, nodes, names), file)
                proxy = try HowdahProcess(configuration: file)
                console = try WireClient(port: proxy.port, database: "howdah")
            }

            deinit { try? FileManager.default.removeItem(atPath: (file as NSString).deletingLastPathComponent) }

            private static func put(_ text: String, _ file: String) throws {
                try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: file))
            }

            /// - Parameter nodes: names, each with settings behind it if there are any.
            private static func text(_ settings: [String: String], _ nodes: [String], _ all: [LocalNode]) -> String {
                let base = [
                    "listen_addresses": "127.0.0.1", "listen_port": "0", "auth_type": "trust",
                    "auth_file": "userlist.txt", "monitor_user": "postgres", "node_check_timeout": "60s",
                    "node_check_interval": "200ms", "admin_users": "app",
                ]
                let proxy = base.merging(settings) { $1 }.map { "\($0.key) = '\($0.value)'" }.sorted()
                let sections = nodes.map { line in
                    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
                    let port = all.first { $0.name == words[0] }?.port ?? 1
                    return "[node \(words[0])]\nhost = 127.0.0.1\nport = \(port)\n"
                        + (words.count > 1 ? words[1] + "\n" : "")
                }
                return "[proxy]\n" + (proxy + sections).joined(separator: "\n")
            }

            func write(_ settings: [String: String] = [:], nodes: [String] = ["primary", "replica_1", "replica_2"])
                throws
            {
                try Self.put(Self.text(settings, nodes, cluster.nodes), file)
            }

            func writeUsers(_ lines: String) throws { try Self.put(lines, users) }

            /// Writes the file anew and has it read.
            @discardableResult
            func reload(
                _ settings: [String: String] = [:],
                nodes: [String] = ["primary", "replica_1", "replica_2"]
            ) throws -> WireReply {
                try write(settings, nodes: nodes)
                let reply = try console.query("RELOAD")
                #expect(reply.errors.isEmpty && reply.tags == ["RELOAD"], "\(reply)")
                return reply
            }

            func config() throws -> [String: [String?]] {
                let rows = try console.query("SHOW CONFIG").rows
                return Dictionary(rows.map { ($0[0] ?? "", $0) }) { first, _ in first }
            }

            /// Waits for a line of the log, which is written by a thread of its own.
            func logs(_ words: String) throws {
                try EndToEnd.eventually("the log to have \"\(words)\"") { proxy.log.contains(words) }
            }

            func client(user: String = "app") throws -> WireClient { try WireClient(port: proxy.port, user: user) }
        }

        private func place(of client: WireClient) throws -> String {
            try EndToEnd.node(client.value("SELECT inet_server_port()"))
        }

        // MARK: Every setting

        /// What must be said beside a setting for it to be right.
        private static let companions: [SettingName: [String: String]] = [
            .coordination: ["failover": "promote", "etcd_urls": "http://127.0.0.1:1", "etcd_scope": "s"]
        ]

        @Test func everySettingIsChangedAndShownOrRefusedWithTheReason() throws {
            let setup = try Setup()
            defer { #expect(setup.proxy.stop()) }
            let before = try setup.config()
            #expect(before.count == SettingTable.definitions.count { $0.scopes.contains(.proxy) })
            for definition in SettingTable.definitions where definition.scopes.contains(.proxy) {
                let name = definition.name.rawValue
                var text = definition.otherValue
                if definition.name == .authFile {
                    text = "other.txt"
                    try Data("\"app\" \"app\"\n".utf8).write(
                        to: URL(fileURLWithPath: setup.file.replacing("proxy.conf", with: text))
                    )
                }
                if definition.name == .authType { text = "md5" }
                try setup.write([name: text].merging(Self.companions[definition.name] ?? [:]) { first, _ in first })
                let reply = try setup.console.query("RELOAD")
                let notices = reply.messages.filter { $0.is("N") }
                let shown = try setup.config()[name]
                if definition.name == .workers {
                    #expect(reply.state == "F0000" && reply.errors[0].fields["M"]?.contains("\"workers\"") == true)
                    #expect(shown == before[name])
                } else if definition.change == .restart {
                    #expect(reply.tags == ["RELOAD"], "\(name): \(reply)")
                    #expect(
                        notices.contains {
                            $0.fields["C"] == "55P02"
                                && $0.fields["M"] == "setting \"\(name)\" cannot be changed without a restart"
                        },
                        "\(name): \(reply)"
                    )
                    #expect(shown == before[name] && shown?[3] == "no", "\(name)")
                } else {
                    #expect(reply.tags == ["RELOAD"] && notices.isEmpty, "\(name): \(reply)")
                    let wanted =
                        [.authFile, .patroniCAFile].contains(definition.name)
                        ? setup.file.replacing("proxy.conf", with: text) : try definition.kind.parse(text).rendered
                    #expect(shown?[1] == wanted && shown?[3] == "yes", "\(name): \(shown ?? [])")
                    #expect(shown?[1] != before[name]?[1], "\(name)")
                    #expect(shown?[2] == before[name]?[2])
                }
            }
            try setup.reload()
            #expect(try setup.config() == before)
            #expect(try setup.client().query("SELECT 1").errors.isEmpty)
        }

        // MARK: What is wrong

        @Test func aFaultyFileChangesNothingAndTheAnswerSaysWhere() throws {
            let setup = try Setup(["pool_size": "3"])
            defer { #expect(setup.proxy.stop()) }
            let before = try setup.config()
            try Data("[proxy]\npool_size = 9\npool_sise = 7\nauth_type = none\n".utf8).write(
                to: URL(fileURLWithPath: setup.file)
            )
            let reply = try setup.console.query("RELOAD")
            let error = try #require(reply.errors.first?.fields)
            #expect(error["C"] == "F0000" && error["S"] == "ERROR")
            #expect(error["M"]?.hasPrefix("\(setup.file):3:1: unknown setting \"pool_sise\"") == true, "\(reply)")
            #expect(error["D"]?.contains("Nothing was changed") == true)
            #expect(error["D"]?.contains("\(setup.file):4:13: ") == true && error["H"] != nil, "\(reply)")
            #expect(try setup.config() == before)
            // Whoever asks twice is told twice.
            for count in 1...2 {
                kill(setup.proxy.processID, SIGHUP)
                try EndToEnd.eventually("the log to tell") {
                    let parts = setup.proxy.log.components(
                        separatedBy: "error SIGHUP: \(setup.file):3:1: unknown setting"
                    )
                    return parts.count == count + 1
                }
            }
            #expect(try setup.config() == before)
            // So does a damaged list of users.
            try setup.write(["pool_size": "4"])
            try setup.writeUsers("\"app\" \"app\"\nscram right")
            let damaged = try setup.console.query("RELOAD")
            #expect(damaged.state == "F0000" && damaged.errors[0].fields["M"]?.contains("line 2") == true, "\(damaged)")
            #expect(try setup.config() == before)
            try setup.writeUsers("\"app\" \"app\"")
            kill(setup.proxy.processID, SIGHUP)
            try EndToEnd.eventually("the next one to be right") { try setup.config()["pool_size"]?[1] == "4" }
            try setup.logs("info SIGHUP: pool_size = 4")
        }

        @Test func severalAtOnceAreAllAnswered() throws {
            let setup = try Setup()
            defer { #expect(setup.proxy.stop()) }
            let others = try (0..<4).map { _ in try WireClient(port: setup.proxy.port, database: "howdah") }
            try setup.write(["pool_size": "7"])
            for console in others { try console.send(Frontend.query("RELOAD") + Frontend.query("SHOW CONFIG")) }
            for console in others {
                #expect(try console.receiveCycle().tags == ["RELOAD"])
                #expect(try console.receiveCycle().rows.contains { $0[0] == "pool_size" && $0[1] == "7" })
            }
        }

        // MARK: Effects

        @Test func poolsLimitsAndTimesChangeUnderClients() throws {
            let setup = try Setup(["pool_size": "1"])
            defer { #expect(setup.proxy.stop()) }
            let (first, second) = (try setup.client(), try setup.client())
            #expect(try first.query("BEGIN").errors.isEmpty)
            #expect(try first.query("INSERT INTO scratch (note) VALUES ('over a reload')").errors.isEmpty)
            try second.send(Frontend.query("INSERT INTO scratch (note) VALUES ('beside')"))
            #expect(!second.hasInput(within: 50))
            try setup.reload(["pool_size": "2"])
            #expect(try second.receiveCycle().tags == ["INSERT 0 1"])
            #expect(try first.query("COMMIT").tags == ["COMMIT"])

            try setup.reload(["max_client_connections": "3"])
            do {
                _ = try setup.client()
                Issue.record("a client too many was let in")
            } catch {
                #expect("\(error)".contains("53300"), "\(error)")
            }
            // Only what is idle from then on for so long; the console is none of these clients.
            try setup.reload(["client_idle_timeout": "300ms"])
            #expect(try second.receiveToEnd().errors.last?.state == "57P05")
            #expect(try setup.console.query("SHOW VERSION").errors.isEmpty)
        }

        @Test func nodesAreWeighedAddedAndRemoved() throws {
            let setup = try Setup(nodes: ["primary", "replica_1"])
            defer { #expect(setup.proxy.stop()) }
            let client = try setup.client()
            func readers() throws -> Set<String> { Set(try (0..<20).map { _ in try place(of: client) }) }
            func shown() throws -> [String: [String?]] {
                let rows = try setup.console.query("SHOW NODES").rows
                return Dictionary(rows.map { ($0[0] ?? "", $0) }) { first, _ in first }
            }
            #expect(try readers() == ["replica_1"])
            try setup.reload(nodes: ["primary", "replica_1", "replica_2"])
            #expect(try shown().keys.sorted() == ["primary", "replica_1", "replica_2"])
            try EndToEnd.eventually("the node that was added to get reads") { try readers().contains("replica_2") }

            try setup.reload(nodes: ["primary", "replica_1 weight = 0", "replica_2 weight = 50"])
            #expect(try shown()["replica_2"]?[9] == "50")
            #expect(try readers() == ["replica_2"])

            // What runs on one that goes runs on to its end.
            let reader = try setup.client()
            #expect(try reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").errors.isEmpty)
            #expect(try place(of: reader) == "replica_2")
            try setup.reload(nodes: ["primary", "replica_1"])
            #expect(try shown().keys.sorted() == ["primary", "replica_1"])
            #expect(try place(of: reader) == "replica_2")
            #expect(try reader.query("COMMIT").tags == ["COMMIT"])
            try EndToEnd.eventually("the other to get reads") { try readers() == ["replica_1"] }

            // Without the primary writes wait, and go on when it is there again, under whatever name.
            try setup.reload(nodes: ["replica_1", "replica_2"])
            try client.send(Frontend.query("INSERT INTO scratch (note) VALUES ('waits') RETURNING inet_server_port()"))
            #expect(!client.hasInput(within: 100))
            try setup.reload(nodes: ["replica_1", "replica_2", "primary priority = 7"])
            #expect(try EndToEnd.node(client.receiveCycle().value) == "primary")
            try setup.logs("node primary has been taken out of the configuration")
        }

        @Test func passwordsAndAdministratorsChange() throws {
            let setup = try Setup()
            defer { #expect(setup.proxy.stop()) }
            func logIn(_ password: String, _ database: String = "app") -> String {
                do {
                    let connection = try LibpqConnection(
                        "host=127.0.0.1 port=\(setup.proxy.port) dbname=\(database) user=scram password=\(password) "
                            + "sslmode=disable gssencmode=disable"
                    )
                    return try connection.value(database == "app" ? "SELECT current_user" : "SHOW VERSION")
                } catch {
                    return "\(error)"
                }
            }
            let settings = ["auth_type": "scram-sha-256"]
            try setup.reload(settings)
            try setup.logs("RELOAD: auth_type = scram-sha-256; auth_file has 2 users")
            #expect(logIn("right") == "scram")
            #expect(logIn("right", "howdah").contains("may not use the admin console"))
            try setup.writeUsers("\"app\" \"app\"\n\"scram\" \"another\"")
            try setup.reload(settings.merging(["admin_users": "app, scram"]) { $1 })
            #expect(logIn("right").contains("password authentication failed for user \"scram\""))
            // The servers ask for the password that they know: the next reload brings it back.
            #expect(logIn("another", "howdah").hasPrefix("Howdah"))
            try setup.writeUsers("\"app\" \"app\"\n\"scram\" \"right\"")
            try setup.reload(settings)
            #expect(logIn("right") == "scram")
            try setup.writeUsers("\"app\" \"app\"")
            try setup.reload(settings)
            #expect(logIn("right").contains("password authentication failed for user \"scram\""))
        }

        @Test func theLogChanges() throws {
            let setup = try Setup(["log_connections": "off"])
            defer { #expect(setup.proxy.stop()) }
            _ = try setup.client()
            try setup.reload(["log_level": "error"])
            try setup.reload(["log_level": "error", "log_connections": "on"])
            _ = try setup.client()
            try setup.reload(["log_level": "info", "log_connections": "on"])
            try setup.logs("RELOAD: log_level = info")
            #expect(!setup.proxy.log.contains("logged in"))
            _ = try setup.client()
            try setup.logs("logged in: user app")
            try setup.reload(["log_level": "error", "listen_port": "1"])
            try setup.logs("warning RELOAD: setting \"listen_port\" cannot be changed without a restart")
        }

        /// Seconds until the kernel asks whether the peer is there, of the proxy's end of a client's connection.
        private func keepalive(_ client: WireClient, of port: UInt16) throws -> Int {
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            _ = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(client.descriptor, $0, &length) }
            }
            let peer = String(format: ":%04X", UInt16(bigEndian: address.sin_port))
            let own = String(format: ":%04X", port)
            // Such a file has no size: it is read until it ends.
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/net/tcp"))
            defer { try? handle.close() }
            var table: [UInt8] = []
            while let part = try handle.read(upToCount: 1 << 16), !part.isEmpty { table += part }
            for line in String(decoding: table, as: UTF8.self).split(separator: "\n") {
                let fields = line.split(separator: " ")
                guard fields.count > 5, fields[1].hasSuffix(own), fields[2].hasSuffix(peer) else { continue }
                // tr:tm->when; 02 is the timer of keepalive, in hundredths.
                let timer = fields[5].split(separator: ":")
                return timer[0] == "02" ? (Int(timer[1], radix: 16) ?? 0) / 100 : -1
            }
            return -2
        }

        @Test func newConnectionsHaveTheNewOptionsOfTCP() throws {
            let setup = try Setup(["tcp_keepalives_idle": "3000s"])
            defer { #expect(setup.proxy.stop()) }
            let before = try setup.client()
            try setup.reload(["tcp_keepalives_idle": "500s"])
            let after = try setup.client()
            // Another timer may run until what was sent last has been acknowledged.
            for (client, seconds) in [(before, 2900...3000), (after, 400...500)] {
                try EndToEnd.eventually("the timer of keepalive to run for \(seconds) s", within: 10) {
                    seconds.contains(try keepalive(client, of: setup.proxy.port))
                }
            }
        }

        @Test func whatIsRunForEventsChanges() throws {
            let setup = try Setup()
            defer { #expect(setup.proxy.stop()) }
            let nodes = ["primary", "replica_1", "nobody"]
            try setup.reload(["on_event": "echo seen $HOWDAH_EVENT $HOWDAH_NODE"], nodes: nodes)
            try setup.logs("seen down nobody")
        }
    }
}
