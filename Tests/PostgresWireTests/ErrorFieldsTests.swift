import Bytes
import SeededRandom
import Testing

@testable import PostgresWire

/// PostgreSQL documentation, 55.8.
struct ErrorFieldsTests {
    private static func body(_ fields: (String, String)..., terminator: [UInt8] = [0]) -> [UInt8] {
        fields.flatMap { Array($0.0.utf8) + Array($0.1.utf8) + [0] } + terminator
    }

    // What #expect looks at cannot be a span.
    private func isRaised(by routine: StaticString, in bytes: [UInt8]) -> Bool {
        ErrorFields.isRaised(by: routine, in: bytes.span.bytes)
    }

    private func text(of name: UInt8, in bytes: [UInt8]) -> String? {
        ErrorFields.text(of: name, in: bytes.span.bytes)
    }

    private func range(of name: UInt8, in bytes: [UInt8]) -> Range<Int>? {
        ErrorFields.range(of: name, in: bytes.span.bytes)
    }

    private func sqlState(in bytes: [UInt8]) -> SQLState { ErrorFields.sqlState(in: bytes.span.bytes) }

    private static let full = body(
        ("S", "FEHLER"),
        ("V", "ERROR"),
        ("C", "25006"),
        ("M", "no writes"),
        ("D", "a detail"),
        ("H", ""),
        ("R", "PreventCommandIfReadOnly")
    )

    @Test func fieldsAreFoundByName() {
        #expect(sqlState(in: Self.full) == .readOnlyTransaction)
        #expect(text(of: ErrorFields.severity, in: Self.full) == "ERROR")
        #expect(text(of: ErrorFields.message, in: Self.full) == "no writes")
        #expect(text(of: ErrorFields.detail, in: Self.full) == "a detail")
        #expect(text(of: ErrorFields.hint, in: Self.full) == "")
        #expect(text(of: UInt8(ascii: "W"), in: Self.full) == nil)
    }

    @Test func theRoutineIsComparedWhole() {
        #expect(isRaised(by: "PreventCommandIfReadOnly", in: Self.full))
        #expect(!isRaised(by: "PreventCommandIfReadOnl", in: Self.full))
        #expect(!isRaised(by: "PreventCommandIfReadOnlyX", in: Self.full))
        #expect(!isRaised(by: "preventcommandifreadonly", in: Self.full))
        #expect(!isRaised(by: "", in: Self.full))
    }

    @Test func theFirstOfTwoFieldsCounts() {
        let bytes = Self.body(("C", "40001"), ("C", "25006"))
        #expect(sqlState(in: bytes) == .serializationFailure)
    }

    @Test(arguments: [
        [],  // nothing
        [0],  // no field
        [UInt8(ascii: "C")],  // a name alone
        Array("C2500".utf8),  // a value that does not end
        [0] + Array("C25006".utf8) + [0],  // behind the terminator
        Array("Sx".utf8) + [0] + Array("C25006".utf8),  // the second does not end
    ])
    func aMalformedBodyHasNoSuchField(bytes: [UInt8]) {
        #expect(range(of: ErrorFields.sqlState, in: bytes) == nil)
        #expect(sqlState(in: bytes) == .internalError)
        #expect(!isRaised(by: "ProcessInterrupts", in: bytes))
    }

    @Test(arguments: [("", "\0\0\0\0\0"), ("25", "\0\0\025"), ("25006-and-more", "25006")])
    func aStateOfAnotherLengthIsNoKnownState(value: String, read: String) {
        let bytes = Self.body(("C", value))
        #expect(sqlState(in: bytes).description == read)
    }

    @Test func aBodyWithoutItsTerminatorIsStillRead() {
        let bytes = Self.body(("C", "57P01"), ("M", "bye"), terminator: [])
        #expect(sqlState(in: bytes) == .adminShutdown)
        #expect(text(of: ErrorFields.message, in: bytes) == "bye")
    }

    @Test func everyTruncationIsReadOrNot() {
        for count in 0...Self.full.count {
            let bytes = Array(Self.full.prefix(count))
            let range = range(of: ErrorFields.message, in: bytes)
            // "SFEHLER.VERROR.C25006.Mno writes." ends with its 34th byte.
            #expect((range != nil) == (count >= 33), "\(count) bytes")
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomBodiesGiveRangesWithinThem(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5000 {
            var bytes = generator.bytes(Int.random(in: 0...120, using: &generator))
            for place in bytes.indices where Int.random(in: 0..<5, using: &generator) == 0 {
                bytes[place] = [0, ErrorFields.sqlState, ErrorFields.routine].randomElement(using: &generator)!
            }
            for field in [ErrorFields.sqlState, ErrorFields.routine, ErrorFields.message] {
                guard let range = range(of: field, in: bytes) else { continue }
                #expect(bytes[range.lowerBound - 1] == field)
                #expect(bytes[range.upperBound] == 0)
                #expect(!bytes[range].contains(0))
            }
            _ = sqlState(in: bytes)
        }
    }
}
