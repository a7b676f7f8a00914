import Foundation
import Synchronization

/// Sessions that write numbers into registers and read them back, in the manner of Jepsen: each session has a register
/// of its own, which only it writes, with a number that grows. What a read finds is compared with what its session has
/// written, with what it has found there before, and with what anybody had written before it began.
final class RegisterCheck: Sendable {
    struct Findings: Sendable, CustomStringConvertible {
        var operations = 0
        var reads = 0
        /// Reads that a replica answered.
        var readsOnReplicas = 0
        /// Those of them that found the session's own last write.
        var ownReadsOnReplicas = 0
        /// Reads that miss a write of their own session.
        var staleOwnReads: [String] = []
        /// Reads that find less than a read before them in their session.
        var readsBack: [String] = []
        /// The same, found on the primary. PostgreSQL shows a commit there only when the writer's process has been told
        /// that it is flushed, and replicas may have replayed it by then.
        var readsBackOnPrimary: [String] = []
        /// Reads that miss what another session had been told is written before they began.
        var staleReads = 0
        var errors: [String] = []

        mutating func add(_ other: Findings) {
            operations += other.operations
            reads += other.reads
            readsOnReplicas += other.readsOnReplicas
            ownReadsOnReplicas += other.ownReadsOnReplicas
            staleOwnReads += other.staleOwnReads
            readsBack += other.readsBack
            readsBackOnPrimary += other.readsBackOnPrimary
            staleReads += other.staleReads
            errors += other.errors
        }

        var description: String {
            """
            \(operations) operations, \(reads) reads, of which \(readsOnReplicas) on replicas, \(ownReadsOnReplicas) of them of own writes; \
            \(staleOwnReads.count) stale own reads \(staleOwnReads.prefix(3)), \(readsBack.count) reads back \
            \(readsBack.prefix(3)), \(readsBackOnPrimary.count) on the primary \(readsBackOnPrimary.prefix(3)), \(staleReads) stale reads, \(errors.count) errors \(errors.prefix(3))
            """
        }
    }

    static let setUp = """
        CREATE TABLE register (id int PRIMARY KEY, value bigint NOT NULL);
        CREATE FUNCTION write_register(int, bigint) RETURNS void LANGUAGE sql VOLATILE
        AS 'UPDATE register SET value = $2 WHERE id = $1';
        GRANT ALL ON register TO PUBLIC;
        """

    private let port: UInt16
    private let primaryPort: String
    private let sessions: Int
    private let acknowledged: Mutex<[Int]>
    private let found = Mutex(Findings())

    /// - Parameters:
    ///   - port: the proxy's.
    ///   - primaryPort: by which reads on the primary are told from others.
    init(port: UInt16, primaryPort: UInt16, sessions: Int) {
        self.port = port
        self.primaryPort = "\(primaryPort)"
        self.sessions = sessions
        acknowledged = Mutex(Array(repeating: 0, count: sessions))
    }

    /// Fills the registers.
    /// - Returns: a position from which no session sees them empty.
    func fill() throws -> String {
        let filler = try WireClient(port: port)
        try filler.query("TRUNCATE register")
        try filler.query("INSERT INTO register SELECT i, 0 FROM generate_series(0, \(sessions - 1)) i")
        return try filler.value("SHOW howdah.position")
    }

    /// Plays `operations` in all, and returns when everybody is done.
    /// - Parameter position: what `fill()` has returned.
    func run(operations: Int, from position: String, seed: UInt64) throws -> Findings {
        let group = DispatchGroup()
        for session in 0..<sessions {
            let client = try WireClient(port: port)
            try client.query("SET howdah.position = '\(position)'")
            group.enter()
            Thread.detachNewThread { [self] in
                var player = Player(check: self, session: session, client: client, seed: seed &+ UInt64(session))
                player.play(operations / sessions)
                found.withLock { $0.add(player.findings) }
                client.close()
                group.leave()
            }
        }
        group.wait()
        return found.withLock { $0 }
    }

    private struct Player {
        let check: RegisterCheck
        let session: Int
        let client: WireClient
        var random: UInt64
        var findings = Findings()
        private var written = 0
        private var seen: [Int]

        init(check: RegisterCheck, session: Int, client: WireClient, seed: UInt64) {
            self.check = check
            self.session = session
            self.client = client
            random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
            seen = Array(repeating: 0, count: check.sessions)
        }

        private mutating func below(_ bound: Int) -> Int {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return Int((random >> 11) % UInt64(bound))
        }

        mutating func play(_ count: Int) {
            do {
                for _ in 0..<count {
                    findings.operations += 1
                    if below(4) == 0 { try write() } else { try read(below(2) == 0 ? session : below(check.sessions)) }
                }
            } catch {
                findings.errors.append("session \(session): \(error)")
            }
        }

        private mutating func write() throws {
            let value = written + 1
            let reply: WireReply
            switch below(5) {
            case 0: reply = try client.query("UPDATE register SET value = \(value) WHERE id = \(session)")
            case 1:
                let update = "UPDATE register SET value = $2::bigint WHERE id = $1::int"
                reply = try client.extended(update, ["\(session)", "\(value)"])
            case 2: reply = try client.query("SELECT write_register(\(session), \(value))")
            case 3:
                reply = try client.query("BEGIN; UPDATE register SET value = \(value) WHERE id = \(session); COMMIT")
            default:
                try client.query("BEGIN")
                try client.query("SELECT value FROM register WHERE id = \(session)")
                try client.query("UPDATE register SET value = \(value) WHERE id = \(session)")
                reply = try client.query("COMMIT")
            }
            if let error = reply.errors.first { throw WireError.refused(error) }
            written = value
            seen[session] = value
            check.acknowledged.withLock { $0[session] = value }
        }

        private mutating func read(_ register: Int) throws {
            let least = check.acknowledged.withLock { $0[register] }
            let select = "SELECT value, inet_server_port() FROM register WHERE id = "
            let reply =
                below(2) == 0
                ? try client.query(select + "\(register)") : try client.extended(select + "$1::int", ["\(register)"])
            guard let row = reply.rows.first, row.count == 2, let value = row[0].flatMap({ Int($0) }) else {
                findings.errors.append("session \(session) found no register \(register): \(reply)")
                return
            }
            findings.reads += 1
            let isOnReplica = row[1] != check.primaryPort
            if isOnReplica { findings.readsOnReplicas += 1 }
            if isOnReplica, register == session, written > 0 { findings.ownReadsOnReplicas += 1 }
            if register == session, value != written {
                findings.staleOwnReads.append("\(session) wrote \(written) and found \(value) at \(row[1] ?? "")")
            } else if value < seen[register] {
                let text = "\(session) found \(seen[register]), then \(value) at \(row[1] ?? "")"
                if isOnReplica { findings.readsBack.append(text) } else { findings.readsBackOnPrimary.append(text) }
            }
            if value < least { findings.staleReads += 1 }
            seen[register] = max(seen[register], value)
        }
    }
}
