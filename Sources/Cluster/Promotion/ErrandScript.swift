/// The statements of an errand, one after the other. Pure: rows in, statements out.
struct ErrandScript {
    enum Step: Equatable {
        case send(String)
        case end(ErrandOutcome)
    }

    private enum Stage {
        case begun
        case readingClock
        case promoting
        case readingConninfo
        case settingConninfo(slot: String?)
        case reloading(slot: String?)
        case providingSlot
    }

    private let errand: Errand
    private var stage = Stage.begun

    init(_ errand: Errand) { self.errand = errand }

    /// The first statement.
    ///
    /// - Parameter version: `server_version_num`.
    mutating func begin(version: Int) -> Step {
        switch errand {
        case .promote(_, within: _?):
            stage = .readingClock
            return .send("SELECT \(Self.clock)")
        case .promote(let seconds, within: nil):
            stage = .promoting
            return .send("SELECT pg_catalog.pg_promote(true, \(seconds))")
        case .follow:
            guard version >= 130_000 else {
                return .end(.refused("before PostgreSQL 13 a replica takes another primary_conninfo only at a restart"))
            }
            stage = .readingConninfo
            return .send(
                "SELECT pg_catalog.current_setting('primary_conninfo'), pg_catalog.current_setting('primary_slot_name')"
            )
        case .provideSlot(let name):
            stage = .providingSlot
            let literal = Self.literal(name)
            return .send(
                "SELECT pg_catalog.pg_create_physical_replication_slot(\(literal), true) WHERE NOT EXISTS "
                    + "(SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = \(literal))"
            )
        }
    }

    /// What comes after a statement.
    ///
    /// - Parameter row: the values of its first row; empty where it had none.
    mutating func next(_ row: [String?]) -> Step {
        switch stage {
        case .begun: preconditionFailure("an answer before the first statement")
        case .readingClock:
            guard case .promote(let seconds, let limit?) = errand else { preconditionFailure("not a timed errand") }
            guard let text = row.first ?? nil, let time = Double(text), time.isFinite else {
                return .end(.refused("its clock cannot be read"))
            }
            stage = .promoting
            return .send(
                "SELECT CASE WHEN \(Self.clock) < \(time + Double(limit)) THEN pg_catalog.pg_promote(true, \(seconds)) END"
            )
        case .promoting:
            guard let answer = row.first ?? nil else { return .end(.refused("it heard of it too late")) }
            return .end(.promoted(answer == "t"))
        case .readingConninfo:
            guard case .follow(let address) = errand else { preconditionFailure("not an errand to follow") }
            guard let old = row.first ?? nil, let new = PrimaryConninfo.pointing(old, at: address) else {
                return .end(.refused("its primary_conninfo cannot be understood"))
            }
            let slot = row.count > 1 ? row[1].flatMap { $0.isEmpty ? nil : $0 } : nil
            stage = .settingConninfo(slot: slot)
            return .send("ALTER SYSTEM SET primary_conninfo = \(Self.literal(new))")
        case .settingConninfo(let slot):
            stage = .reloading(slot: slot)
            return .send("SELECT pg_catalog.pg_reload_conf()")
        case .reloading(let slot): return .end(.follows(slot: slot))
        case .providingSlot: return .end(.slotProvided)
        }
    }

    /// Whether what comes next is the promotion itself, which takes the right to promote at that very moment.
    var isAboutToPromote: Bool {
        if case .readingClock = stage { true } else { false }
    }

    /// Seconds since 1970.
    private static let clock = "pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())"

    /// A string constant that means the same whatever `standard_conforming_strings` is.
    static func literal(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            if character == "'" || character == "\\" { escaped.unicodeScalars.append(character) }
            escaped.unicodeScalars.append(character)
        }
        return "E'\(escaped)'"
    }
}
