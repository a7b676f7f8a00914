/// The statements of a command, one after the other. Pure: rows in, statements out.
struct NodeCommandScript {
    enum Step: Equatable {
        case send(String)
        case end(NodeCommandOutcome)
    }

    private enum Stage {
        case begun
        case readingClock
        case promoting
        case readingConninfo
        case settingConninfo(slot: String?, isHidden: Bool)
        case reloading(slot: String?, isHidden: Bool)
        case providingSlot
    }

    private let command: NodeCommand
    private var stage = Stage.begun

    init(_ command: NodeCommand) { self.command = command }

    /// The first statement.
    ///
    /// - Parameter version: `server_version_num`.
    mutating func begin(version: Int) -> Step {
        switch command {
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
                "SELECT pg_catalog.current_setting('primary_conninfo'), pg_catalog.current_setting('primary_slot_name'), "
                    + "EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver WHERE status IS NULL), "
                    + "pg_catalog.pg_is_in_recovery()"
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
            guard case .promote(let seconds, let limit?) = command else { preconditionFailure("not a timed command") }
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
        case .readingConninfo: return point(row)
        case .settingConninfo(let slot, let isHidden):
            stage = .reloading(slot: slot, isHidden: isHidden)
            return .send("SELECT pg_catalog.pg_reload_conf()")
        case .reloading(let slot, let isHidden): return .end(.follows(slot: slot, isHidden: isHidden))
        case .providingSlot: return .end(row.isEmpty ? .slotThere : .slotProvided)
        }
    }

    /// - Parameter row: what a replica says of where it streams from.
    private mutating func point(_ row: [String?]) -> Step {
        guard case .follow(let address, let sources) = command else { preconditionFailure("not a command to follow") }
        guard row.count == 4, row[3] == "t" else { return .end(.refused("it is no replica any more")) }
        guard let old = row[0], let targets = PrimaryConninfo.targets(old),
            let new = PrimaryConninfo.pointing(old, at: address)
        else { return .end(.refused("its primary_conninfo cannot be understood")) }
        let slot = row[1].flatMap { $0.isEmpty ? nil : $0 }
        let isHidden = row[2] == "t"
        if targets == [address] { return .end(.followsAlready(slot: slot, isHidden: isHidden)) }
        if let sources, targets.contains(address) || !targets.contains(where: { sources.contains($0) }) {
            return .end(.leftAlone)
        }
        stage = .settingConninfo(slot: slot, isHidden: isHidden)
        return .send("ALTER SYSTEM SET primary_conninfo = \(Self.literal(new))")
    }

    /// Whether what comes next changes which node follows which, or is the primary: that takes the right to it at that
    /// very moment.
    var isAboutToChange: Bool {
        switch stage {
        case .readingClock, .readingConninfo: true
        case .begun, .promoting, .settingConninfo, .reloading, .providingSlot: false
        }
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
