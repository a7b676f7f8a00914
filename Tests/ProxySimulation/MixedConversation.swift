import PostgresWire

/// What a client may send in any order at all: messages of both protocols, COPY, function calls, mixed within batches
/// and packets as no driver mixes them. PostgreSQL's answer to each is exact, whatever stands around it.
package struct MixedConversation: Sendable, CustomStringConvertible {
    package let seed: UInt64
    /// The messages of each packet.
    package private(set) var packets: [[WireMessage]]

    /// - Parameter size: messages.
    package init(seed: UInt64, size: Int) {
        self.seed = seed
        var dice = Dice(seed: seed)
        packets = []
        var count = 0
        while count < size {
            let length = 1 + dice.below(dice.pick([1, 3, 9]))
            packets.append([])
            for _ in 0..<length {
                let message = Self.message(&dice, count)
                packets[packets.count - 1].append(message)
                count += 1
            }
        }
    }

    package var description: String {
        "seed \(seed): "
            + packets.map { "[" + $0.map(\.asFrontend).joined(separator: ", ") + "]" }.joined(separator: " ")
    }

    /// The same without one message; nil where there is none of that number.
    package func without(_ number: Int) -> MixedConversation? {
        var left = number
        for (index, packet) in packets.enumerated() {
            if left < packet.count {
                var other = self
                other.packets[index].remove(at: left)
                if other.packets[index].isEmpty { other.packets.remove(at: index) }
                return other
            }
            left -= packet.count
        }
        return nil
    }

    private static let texts = [
        "SELECT 1", "SELECT 1", "SELECT 1/0", "SELECT value FROM kv WHERE k = 'k1'", "BEGIN", "COMMIT", "ROLLBACK",
        "COPY kv FROM STDIN", "COPY kv FROM STDIN", "CREATE TEMP TABLE t9 (a int)", "SET work_mem = '5MB'",
        "SHOW work_mem", "DEALLOCATE ALL", "DISCARD ALL", "SELECT name FROM pg_prepared_statements ORDER BY 1", "SELEC",
        "",
    ]

    private static let queries =
        texts + [
            "COPY kv FROM STDIN; SELECT 1", "COPY kv FROM STDIN; COPY kv FROM STDIN", "SELECT 1; SELECT 1/0",
            "BEGIN; SELECT 1", "ROLLBACK; PREPARE z AS SELECT 1",
            "PREPARE a AS SELECT 1", "PREPARE b AS SELECT 1/0", "EXECUTE a", "EXECUTE b", "DEALLOCATE a",
            "SET work_mem = '6MB'; SELECT 1/0",
            "DEALLOCATE ALL; SELECT 1/0",
        ]

    private static func message(_ dice: inout Dice, _ number: Int) -> WireMessage {
        var builder = MessageBuilder()
        let name = dice.pick(["", "", "a", "b"])
        let insert = "INSERT INTO kv VALUES ('k\(dice.chance(80) ? number : 1)', 'v\(number)')"
        switch dice.below(18) {
        case 0, 1, 2: builder.query(dice.chance(20) ? insert : dice.pick(queries))
        case 3, 4: builder.parse(name: name, text: dice.chance(20) ? insert : dice.pick(texts))
        case 5, 6: builder.bind(portal: dice.pick(["", "", "p"]), statement: name, parameters: [])
        case 7, 8: builder.execute(portal: dice.pick(["", "", "", "p"]), maximumRows: dice.pick([0, 0, 1]))
        case 9: builder.describe(dice.pick(["S", "P"]), name)
        case 10: builder.close(dice.pick(["S", "P"]), name)
        case 11: builder.message(FrontendTag.functionCall) { $0.raw([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]) }
        case 12: builder.flush()
        case 13:
            builder.message(FrontendTag.copyData) { $0.raw(Array("c\(number)\tv\n".utf8)) }
        case 14:
            if dice.chance(70) {
                builder.message(FrontendTag.copyDone)
            } else {
                builder.message(FrontendTag.copyFail) { $0.string("no") }
            }
        default: builder.sync()
        }
        return WireMessage.all(in: builder.bytes)[0]
    }
}
