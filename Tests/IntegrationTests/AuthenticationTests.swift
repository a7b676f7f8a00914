import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Passwords of clients, by libpq, and of servers.
    @Suite struct Authentication {
        /// A proxy with a userlist.txt of these lines.
        private func proxy(_ method: String, _ lines: [String]) throws -> HowdahProcess {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("howdah-\(UUID().uuidString).txt")
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            return try HowdahProcess(cluster(), ["auth_type": method, "auth_file": file.path])
        }

        private func secret(of role: String) throws -> String {
            try cluster().primary.sql("SELECT rolpassword FROM pg_authid WHERE rolname = '\(role)'")
        }

        private func logIn(_ proxy: HowdahProcess, _ user: String, _ password: String) throws -> String {
            let connection = try LibpqConnection(
                "host=127.0.0.1 port=\(proxy.port) dbname=app user=\(user) password=\(password) sslmode=disable gssencmode=disable"
            )
            return try connection.value("SELECT current_user")
        }

        /// The error's text.
        private func refusal(_ proxy: HowdahProcess, _ user: String, _ password: String) -> String {
            do {
                return "let in: " + (try logIn(proxy, user, password))
            } catch {
                return "\(error)"
            }
        }

        @Test func plainSecretsServeBothSides() throws {
            let proxy = try proxy(
                "scram-sha-256",
                ["\"scram\" \"right\"", "\"app\" \"app\"", "\"quo\"\"ted\" \"a\"\"b\""]
            )
            defer { #expect(proxy.stop()) }
            #expect(try logIn(proxy, "scram", "right") == "scram")
            #expect(try logIn(proxy, "app", "app") == "app")
            #expect(refusal(proxy, "scram", "wrong").contains("password authentication failed for user \"scram\""))
            #expect(refusal(proxy, "app", "right").contains("password authentication failed"))
            #expect(
                refusal(proxy, "stranger", "right").contains("password authentication failed for user \"stranger\"")
            )
        }

        @Test func verifiersLetClientsIn() throws {
            let proxy = try proxy("scram-sha-256", ["\"app\" \"\(secret(of: "app"))\""])
            defer { #expect(proxy.stop()) }
            #expect(try logIn(proxy, "app", "app") == "app")
            #expect(refusal(proxy, "app", "wrong").contains("password authentication failed"))
        }

        @Test func md5ServesBothSides() throws {
            let proxy = try proxy("md5", ["\"hashed\" \"\(secret(of: "hashed"))\"", "\"app\" \"app\""])
            defer { #expect(proxy.stop()) }
            #expect(try secret(of: "hashed").hasPrefix("md5"))
            #expect(try logIn(proxy, "hashed", "right") == "hashed")
            #expect(try logIn(proxy, "app", "app") == "app")
            #expect(refusal(proxy, "hashed", "wrong").contains("password authentication failed"))
        }

        @Test func whatTheServerRefusesTheClientIsTold() throws {
            // The proxy lets the client in by a secret that the servers do not take.
            let proxy = try proxy("scram-sha-256", ["\"scram\" \"other\""])
            defer { #expect(proxy.stop()) }
            let text = refusal(proxy, "scram", "other")
            #expect(text.contains("password authentication failed") || text.contains("server"), "\(text)")
            #expect(!text.contains("let in"))
        }
    }
}
