import StatementRouting
import Testing

@testable import ProxyCore

struct PinRecordTests {
    private func record(_ reasons: PinReason...) -> PinRecord {
        let record = PinRecord()
        for (index, reason) in reasons.enumerated() {
            record.add(reason, since: Microseconds(index), statement: "\(reason)")
        }
        return record
    }

    @Test func onlyTheFirstStatementOfAReasonIsKept() {
        let record = record(.temporaryObject)
        record.add(.temporaryObject, since: 9, statement: "later")
        #expect(record.entries.map(\.since) == [0])
        #expect(record.entries.map(\.statement) == ["a temporary object was created"])
    }

    @Test func whatIsGoneEndsAndWhatIsThereStays() {
        let record = record(.temporaryObject, .advisoryLock, .holdCursor)
        #expect(record.isWorthAsking)
        record.asked()
        #expect(!record.isWorthAsking)
        record.answered(PinReason.advisoryLock.bit)
        #expect(record.entries.map(\.reason) == [.advisoryLock])
        #expect(!record.isWorthAsking)
        record.doubt([.holdCursor])
        #expect(!record.isWorthAsking)
        record.doubt([.advisoryLock])
        #expect(record.isWorthAsking)
        record.asked()
        record.answered(0)
        #expect(record.isEmpty)
    }

    /// A statement that was sent behind the question may have made what the answer does not show.
    @Test func anAnswerIsOutOfDateOnceAnotherReasonHasCome() {
        let record = record(.advisoryLock)
        record.asked()
        record.add(.advisoryLock, since: 5, statement: "again")
        record.answered(0)
        #expect(record.entries.map(\.reason) == [.advisoryLock])
        #expect(record.isWorthAsking)
    }

    @Test func nobodyIsAskedInVain() {
        #expect(!record(.advisoryLock, .seed).isWorthAsking)
        #expect(!record(.setting).isWorthAsking)
        #expect(!record().isWorthAsking)
    }

    /// Names stay until the server has found no temporary object, but for those that have come behind the question.
    @Test func namesEndWithTheTemporaryObjects() {
        var early = RelationNames.none
        early.insert("early")
        var late = RelationNames.none
        late.insert("late")
        let record = record(.temporaryObject, .advisoryLock)
        record.mayMake(early)
        record.asked()
        record.answered(PinReason.temporaryObject.bit | PinReason.advisoryLock.bit)
        #expect(record.made == early)
        record.doubt([.temporaryObject])
        record.asked()
        record.mayMake(late)
        record.answered(PinReason.advisoryLock.bit)
        #expect(record.made == late)
        #expect(record.entries.map(\.reason) == [.advisoryLock])
    }
}
