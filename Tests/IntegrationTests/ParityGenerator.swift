/// Random scripts from a seed: prepared statements under few names, transactions, errors and settings, in batches of a
/// few messages.
struct ParityGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func next(_ bound: Int) -> Int {
        // xorshift64*
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    private static let texts = [
        "SELECT $1::int + 1", "SELECT $1::int, 'x'", "SELECT 1 / (id - $1::int) FROM item WHERE id = 1",
        "SELECT id FROM item WHERE id = $1::int",
        "UPDATE item SET note = note WHERE id = $1::int RETURNING id", "SELEC $1", "SELECT generate_series(1, $1::int)",
    ]
    private static let queries = [
        "SELECT 1", "SELECT 1/0", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "ROLLBACK TO s", "SET work_mem = '2MB'",
        "SHOW work_mem", "RESET work_mem", "UPDATE item SET note = note WHERE id = 2", "DEALLOCATE ALL", "",
        "SELECT 1; SELECT 2",
        "SET datestyle = 'german'", "RESET datestyle", "SELECT date '2024-01-02'", "DISCARD ALL", "BEGIN READ ONLY",
        "SET LOCAL work_mem = '6MB'", "DEALLOCATE a", "PREPARE a (int) AS SELECT $1 * 2",
        "PREPARE b AS SELECT id FROM item WHERE id = $1", "EXECUTE a(3)", "EXECUTE b('2')", "EXECUTE a(1/0)",
        "PREPARE a AS UPDATE item SET note = note WHERE id = $1 RETURNING id", "EXECUTE a", "DEALLOCATE b",
        "SELECT pg_advisory_lock(79)", "SELECT pg_advisory_unlock_all()", "CREATE TEMP TABLE t (a int)",
        "DROP TABLE t",
    ]

    mutating func script(steps: Int) -> ParityScript {
        var script = ParityScript(name: "generated", steps: [])
        for _ in 0..<steps {
            script.steps.append(next(3) == 0 ? query() : batch())
        }
        script.steps.append(.init(name: "ROLLBACK", bytes: Frontend.query("ROLLBACK"), cycles: 1))
        return script
    }

    private mutating func query() -> ParityScript.Step {
        let sql = Self.queries[next(Self.queries.count)]
        return .init(name: sql, bytes: Frontend.query(sql), cycles: 1)
    }

    private mutating func batch() -> ParityScript.Step {
        var step = ParityScript.Step(name: "", bytes: [], cycles: 0)
        for _ in 0...next(5) { add(to: &step) }
        step.bytes += Frontend.sync
        step.name += "Sync"
        step.cycles += 1
        return step
    }

    private mutating func add(to step: inout ParityScript.Step) {
        let name = ["a", "b", ""][next(3)]
        switch next(8) {
        case 0, 1:
            let text = Self.texts[next(Self.texts.count)]
            step.bytes += Frontend.parse(name, text)
            step.name += "Parse(\(name), \(text)) "
        case 2, 3, 4:
            let value = "\(next(4))"
            step.bytes += Frontend.bind("", name, texts: [value]) + Frontend.describe(.portal, "") + Frontend.execute()
            step.name += "Run(\(name), \(value)) "
        case 5:
            step.bytes += Frontend.describe(.statement, name)
            step.name += "Describe(\(name)) "
        case 6:
            step.bytes += Frontend.close(.statement, name)
            step.name += "Close(\(name)) "
        default:
            step.bytes += Frontend.sync
            step.name += "Sync "
            step.cycles += 1
        }
    }
}
