import Bytes
import SeededRandom
import Testing

@testable import PostgresWire

/// PostgreSQL documentation, 55.7: what is written is what the formats there say.
struct MessageTests {
    /// The messages in `bytes`, which must be whole ones to the end.
    private func messages(_ bytes: [UInt8]) -> [(tag: Character, body: [UInt8])] {
        var found: [(Character, [UInt8])] = []
        var offset = 0
        let span = bytes.span.bytes
        while offset < bytes.count {
            // Whatever the type: what stands in the header, and no more.
            guard bytes.count - offset >= 5, case let size = Int(span.int32(at: offset + 1)) + 1, size >= 5,
                offset + size <= bytes.count
            else {
                Issue.record("no whole message at \(offset)")
                return found
            }
            found.append((Character(Unicode.Scalar(bytes[offset])), Array(bytes[offset + 5..<offset + size])))
            offset += size
        }
        return found
    }

    private func text(of field: UInt8, in body: [UInt8]) -> String? { ErrorFields.text(of: field, in: body.span.bytes) }

    private func build(_ write: (inout MessageBuilder) -> Void) -> [(tag: Character, body: [UInt8])] {
        var builder = MessageBuilder()
        write(&builder)
        return messages(builder.bytes)
    }

    // MARK: Headers

    // MARK: What a client sends

    @Test func extendedQueryMessages() {
        let built = build {
            $0.parse(name: "s1", text: "SELECT $1", types: [23, 0xFFFF_FFFF])
            $0.bind(portal: "p", statement: "s1", parameters: [[0x31], nil, []])
            $0.describe("S", "s1")
            $0.execute(portal: "p", maximumRows: 5)
            $0.close("P", "p")
            $0.flush()
            $0.sync()
        }
        #expect(String(built.map(\.tag)) == "PBDECHS")
        let expected: [[UInt8]] = [
            Array("s1\0SELECT $1\0".utf8) + [0, 2, 0, 0, 0, 23, 0xFF, 0xFF, 0xFF, 0xFF],
            Array("p\0s1\0".utf8) + [0, 0, 0, 3, 0, 0, 0, 1, 0x31, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0],
            Array("Ss1\0".utf8),
            Array("p\0".utf8) + [0, 0, 0, 5],
            Array("Pp\0".utf8),
            [],
            [],
        ]
        #expect(built.map(\.body) == expected)
    }

    @Test func otherMessagesOfAClient() {
        let built = build {
            $0.query("SELECT 'é'")
            $0.password([1, 2])
            $0.saslInitialResponse(mechanism: "SCRAM-SHA-256", Array("n,,".utf8))
            $0.terminate()
        }
        #expect(String(built.map(\.tag)) == "QppX")
        #expect(built[0].body == Array("SELECT 'é'\0".utf8))
        #expect(built[1].body == [1, 2])
        #expect(built[2].body == Array("SCRAM-SHA-256\0".utf8) + [0, 0, 0, 3] + Array("n,,".utf8))
        #expect(built[3].body.isEmpty)
    }

    /// A zero would end the field early and let the rest pass for another.
    @Test func zerosInTextsAreLeftOut() {
        #expect(build { $0.query("SELECT 1\0; DROP TABLE t") }[0].body == Array("SELECT 1; DROP TABLE t\0".utf8))
        #expect(build { $0.parameterStatus("a\0b", "\0") }[0].body == Array("ab\0\0".utf8))
    }

    // MARK: What a server sends

    @Test(arguments: [
        (PostgresError.Severity.error, Character("E")), (.fatal, "E"), (.notice, "N"), (.warning, "N"),
    ])
    func errorsAndNoticesAreReadBack(severity: PostgresError.Severity, tag: Character) {
        let error = PostgresError(severity, .tooManyConnections, "full", detail: "20 of 20", hint: "Raise it.")
        let built = build { $0.error(error) }
        #expect(built.map(\.tag) == [tag])
        let body = built[0].body
        #expect(ErrorFields.sqlState(in: body.span.bytes) == .tooManyConnections)
        #expect(text(of: UInt8(ascii: "S"), in: body) == severity.rawValue)
        #expect(text(of: ErrorFields.severity, in: body) == severity.rawValue)
        #expect(text(of: ErrorFields.message, in: body) == "full")
        #expect(text(of: ErrorFields.detail, in: body) == "20 of 20")
        #expect(text(of: ErrorFields.hint, in: body) == "Raise it.")
        #expect(built[0].body.suffix(2) == [0, 0])
    }

    @Test func anErrorWithoutDetailAndHintHasNoSuchFields() {
        let built = build { $0.error(PostgresError(.error, .syntaxError, "no")) }
        #expect(text(of: ErrorFields.detail, in: built[0].body) == nil)
        #expect(text(of: ErrorFields.hint, in: built[0].body) == nil)
    }

    @Test func sessionMessages() {
        let built = build {
            $0.authentication(0)
            $0.authentication(5, [1, 2, 3, 4])
            $0.parameterStatus("TimeZone", "UTC")
            $0.backendKeyData(processID: 0xFFFF_FFFF, key: [1, 2, 3, 4, 5])
            $0.negotiateProtocolVersion(.v3_2, unrecognized: ["_pq_.a", "_pq_.b"])
            $0.readyForQuery(.failed)
        }
        #expect(String(built.map(\.tag)) == "RRSKvZ")
        let expected: [[UInt8]] = [
            [0, 0, 0, 0],
            [0, 0, 0, 5, 1, 2, 3, 4],
            Array("TimeZone\0UTC\0".utf8),
            [0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4, 5],
            [0, 3, 0, 2, 0, 0, 0, 2] + Array("_pq_.a\0_pq_.b\0".utf8),
            Array("E".utf8),
        ]
        #expect(built.map(\.body) == expected)
    }

    @Test func resultsOfTheProxysOwn() {
        let built = build {
            $0.textRowDescription(["a", "b"])
            $0.textRow(["é", nil])
            $0.textRow(["", "x"])
            $0.commandComplete("SHOW")
        }
        #expect(String(built.map(\.tag)) == "TDDC")
        let attributes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]
        #expect(built[0].body == [0, 2] + Array("a\0".utf8) + attributes + Array("b\0".utf8) + attributes)
        #expect(built[1].body == [0, 2, 0, 0, 0, 2] + Array("é".utf8) + [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(built[2].body == [0, 2, 0, 0, 0, 0, 0, 0, 0, 1, UInt8(ascii: "x")])
        #expect(built[3].body == Array("SHOW\0".utf8))
    }

    @Test(arguments: [("I", TransactionStatus.idle), ("T", .inTransaction), ("E", .failed)])
    func transactionStatus(letter: String, status: TransactionStatus) {
        #expect(build { $0.readyForQuery(status) }[0].body == Array(letter.utf8))
        #expect(TransactionStatus(rawValue: letter.utf8.first!) == status)
        #expect(TransactionStatus(rawValue: 0) == nil)
    }

    // MARK: Straight into a queue

    @Test func theQueuesMessagesAreTheBuilders() {
        let pool = BufferPool(limit: 1 << 20)
        var queue = ByteQueue()
        queue.appendEmptyMessage(BackendTag.parseComplete, from: pool)
        queue.appendHeader(FrontendTag.query, bodySize: 3, from: pool)
        queue.append("ab", from: pool)
        queue.appendByte(0, from: pool)
        queue.appendReadyForQuery(.inTransaction, from: pool)
        var builder = MessageBuilder()
        builder.message(BackendTag.parseComplete)
        builder.query("ab")
        builder.readyForQuery(.inTransaction)
        #expect(queue.bytes() == builder.bytes)
        queue.clear(to: pool)
    }

    /// A header that does not fit behind what the chunk holds lies in the next, in one piece.
    @Test(arguments: 4050..<4070)
    func headersAtAChunksEnd(before: Int) {
        let pool = BufferPool(limit: 1 << 20)
        var queue = ByteQueue()
        queue.append([UInt8](repeating: 0x7A, count: before), from: pool)
        queue.appendReadyForQuery(.idle, from: pool)
        #expect(Array(queue.bytes()[before...]) == [UInt8(ascii: "Z"), 0, 0, 0, 5, UInt8(ascii: "I")])
        queue.clear(to: pool)
        #expect(pool.bytesInUse == 0)
    }

    /// Messages of any number and size are found again where the builder put them.
    @Test(arguments: [51, 52, 53] as [UInt64])
    func randomMessagesAreFoundAgain(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var builder = MessageBuilder()
        var expected: [(tag: Character, body: [UInt8])] = []
        for _ in 0..<300 {
            let tag = UInt8.random(in: 0x21...0x7E, using: &generator)
            let body = generator.bytes(Int.random(in: 0...2000, using: &generator))
            builder.message(tag) { $0.raw(body) }
            expected.append((Character(Unicode.Scalar(tag)), body))
        }
        let found = messages(builder.bytes)
        #expect(found.map(\.tag) == expected.map(\.tag))
        #expect(found.map(\.body) == expected.map(\.body))
    }

    // MARK: Versions

    @Test func versionsAreOrdered() {
        #expect(ProtocolVersion.v3_0 < .v3_2)
        #expect(ProtocolVersion.newest == .v3_2)
        #expect(ProtocolVersion(rawValue: 0x0003_270F).minor == 9999)
        #expect(ProtocolVersion(rawValue: 0x0003_270F).major == 3)
    }
}
