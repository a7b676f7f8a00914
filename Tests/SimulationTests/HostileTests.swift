import Glibc
import ProxySimulation
import Testing

/// Clients and servers that do not keep to the protocol, beside a client that does.
///
/// `HOWDAH_HOSTILE_CASES` plays more of them (60,000 of the table are all), `HOWDAH_HOSTILE_CASE=table:n` or `random:n`
/// that one alone; a case that ends the process says which it was. `Tests/Fuzz/planted` puts faults back that were
/// found once, and looks whether these tests find them.
@Suite(.serialized)
struct HostileTests {
    private static var only: String? { getenv("HOWDAH_HOSTILE_CASE").map { String(cString: $0) } }

    private static var count: Int {
        getenv("HOWDAH_HOSTILE_CASES").flatMap { Int(String(cString: $0)) } ?? 1000
    }

    /// - Parameter make: the case of a number.
    private func play(_ kind: String, _ make: (Int) -> HostileCase) {
        TrapReport.install()
        var failures = 0
        for number in 0..<Self.count {
            let name = "\(kind):\(number)"
            if let only = Self.only, only != name { continue }
            TrapReport.underWay(name)
            let hostile = make(number)
            if Self.only != nil { print(hostile) }
            let world = HostileWorld(hostile, trace: Self.only == nil ? nil : { print($0) })
            guard let failure = world.run() else { continue }
            Issue.record("HOWDAH_HOSTILE_CASE=\(name) (\(hostile)): \(failure)")
            failures += 1
            if failures == 3 { return }
        }
        TrapReport.underWay(nil)
    }

    @Test("Every type with every odd length, wherever a message could begin")
    func table() { play("table") { HostileCase(table: $0) } }

    @Test("Streams that are cut, changed, and added to, of clients and of servers")
    func random() { play("random") { HostileCase(random: UInt64($0)) } }

    @Test("What keeps to the protocol harms nobody either")
    func honest() {
        for (number, conversation) in HostileConversation.all.enumerated() {
            for seed in 0..<8 {
                let failure = HostileWorld(HostileCase(seed: UInt64(seed * 100 + number), conversation: conversation))
                    .run()
                if let failure { Issue.record("\(conversation.name), seed \(seed): \(failure)") }
            }
        }
    }
}

/// Says which case was under way when the process traps, which no test could say any more.
enum TrapReport {
    private static let size = 200
    nonisolated(unsafe) private static let words = UnsafeMutablePointer<CChar>.allocate(capacity: size)
    nonisolated(unsafe) private static var count = 0

    static func install() {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT] {
            signal(number) { number in
                if TrapReport.count > 0 { _ = write(STDERR_FILENO, TrapReport.words, TrapReport.count) }
                TrapReport.count = 0
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    static func underWay(_ name: String?) {
        let text = name.map { "\nThe process has trapped: HOWDAH_HOSTILE_CASE=\($0)\n" } ?? ""
        count = 0
        for byte in text.utf8.prefix(size) {
            words[count] = CChar(bitPattern: byte)
            count += 1
        }
    }
}
