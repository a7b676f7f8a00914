import PostgresWire
import Testing

@testable import ProxyCore

/// Whether a batch that has failed runs again, and how, decided without an engine.
struct FailedBatchTests {
    /// One row of the table.
    struct Given: CustomStringConvertible {
        let description: String
        var batch = FailedBatch(isReplica: true, isRead: true, nodes: 3)
        let expected: Repair?

        init(_ description: String, _ expected: Repair?, _ change: (inout FailedBatch) -> Void = { _ in }) {
            self.description = description
            self.expected = expected
            change(&batch)
        }
    }

    private static let id = StatementID(rawValue: 7)

    private static func fault(_ fault: StatementFault, isNamed: Bool = false, isDescribed: Bool = false)
        -> FailedBatch.Statement
    {
        FailedBatch.Statement(fault: fault, id: id, isNamed: isNamed, isDescribed: isDescribed)
    }

    /// As many as there may be, on three nodes.
    private static func worn(_ tries: inout SecondTries) { for _ in 0..<4 { tries.runAgain() } }

    private static let table: [Given] = [
        Given("the client's error", nil),
        Given("a write on a replica", .onPrimary) { $0.refusal = .write },
        Given("a write on the primary, which is read-only", nil) {
            $0.refusal = .write
            $0.isReplica = false
        },
        Given("a write that a hint sent to a replica", nil) {
            $0.refusal = .write
            $0.isChosen = true
        },
        Given("a write, after as many replicas were lost as may be", .onPrimary) {
            $0.refusal = .write
            worn(&$0.tries)
        },
        Given("the same once it was to run on the primary", nil) {
            $0.refusal = .write
            worn(&$0.tries)
            $0.tries.forceToPrimary()
        },
        Given("an unlogged table", .onPrimary) { $0.refusal = .unloggedRelation },
        Given("an unlogged table where a hint points", nil) {
            $0.refusal = .unloggedRelation
            $0.isChosen = true
        },
        Given("a serializable session", .serializable) { $0.refusal = .serializable },
        Given("a serializable session that wants a replica", .serializable) {
            $0.refusal = .serializable
            $0.isChosen = true
        },
        Given("a dropped role", .loggedInAnew) { $0.isOfDeadLogin = true },
        Given("a dropped role that looks like a missing object", .loggedInAnew) {
            $0.isOfDeadLogin = true
            $0.tellsOfUndefined = true
        },
        Given("a dropped role of a pinned session", nil) {
            $0.isOfDeadLogin = true
            $0.isPinned = true
        },
        Given("a table that is not there yet", .behind) { $0.tellsOfUndefined = true },
        Given("a table that is not there, on the primary", nil) {
            $0.tellsOfUndefined = true
            $0.isReplica = false
        },
        Given("a table that is not there where a hint points", nil) {
            $0.tellsOfUndefined = true
            $0.isChosen = true
        },
        Given("a table that a pinned session's replica does not know", .onPinned) {
            $0.tellsOfUndefined = true
            $0.isPinned = true
            $0.readsElsewhere = true
        },
        Given("a cancel of a pinned session's read", nil) {
            $0.isCanceled = true
            $0.isPinned = true
            $0.readsElsewhere = true
        },
        Given("a statement that is not there", .prepareAgain) { $0.statement = fault(.isMissing) },
        Given("rows that have changed, of what the batch parses", .prepareAgain) {
            $0.statement = fault(.resultHasChanged)
            $0.tries.arm(.parses)
        },
        Given("rows that have changed, by an EXECUTE that the batch parses", .prepareAnew(id)) {
            $0.statement = fault(.resultHasChanged, isNamed: true)
            $0.statement?.isByExecute = true
            $0.tries.arm(.parses)
        },
        Given("rows that have changed, of what the batch describes", .prepareAnew(id)) {
            $0.statement = fault(.resultHasChanged, isDescribed: true)
            $0.tries.arm(.describes)
        },
        Given("rows that have changed, by EXECUTE", .prepareAnew(id)) {
            $0.statement = fault(.resultHasChanged, isNamed: true, isDescribed: true)
        },
        Given("rows that have changed, of which nobody was told", .prepareAnew(id)) {
            $0.statement = fault(.resultHasChanged)
        },
        Given("rows that have changed, of which the client was told", nil) {
            $0.statement = fault(.resultHasChanged, isDescribed: true)
        },
        Given("what may be out of date", .prepareAgain) {
            $0.statement = fault(.mayBeOutdated)
            $0.tries.arm(.parses)
        },
        Given("what may be out of date, of a Parse before", nil) { $0.statement = fault(.mayBeOutdated) },
        Given("what cannot be out of date any more", nil) {
            $0.statement = fault(.mayBeOutdated)
            $0.tries.runAgain()
            $0.tries.arm(.parses)
        },
        Given("a replica that ends", .elsewhere) { $0.isNodesFault = true },
        Given("a conflict with recovery", .elsewhere) {
            $0.isNodesFault = true
            $0.isCanceled = true
        },
        Given("a replica that ends, when all have", nil) {
            $0.isNodesFault = true
            worn(&$0.tries)
        },
        Given("the primary, which ends", nil) {
            $0.isNodesFault = true
            $0.isReplica = false
        },
        Given("a replica that ends in what is no read", nil) {
            $0.isNodesFault = true
            $0.isRead = false
        },
        Given("settings that a replica refuses", nil) { $0.isInFront = true },
        Given("settings in front, on a replica that ends", .elsewhere) {
            $0.isInFront = true
            $0.isNodesFault = true
        },
        Given("settings in front, when all replicas have ended", nil) {
            $0.isInFront = true
            $0.isNodesFault = true
            worn(&$0.tries)
        },
        Given("settings in front, on the primary, which ends", nil) {
            $0.isInFront = true
            $0.isNodesFault = true
            $0.isReplica = false
        },
        Given("settings in front, that look like a write", nil) {
            $0.isInFront = true
            $0.refusal = .write
        },
    ]

    @Test(arguments: table) func repair(_ given: Given) {
        #expect(given.batch.repair == given.expected)
    }

    /// Every combination of all that has a say.
    private static var combinations: some Sequence<FailedBatch> {
        let flags: [WritableKeyPath<FailedBatch, Bool>] = [
            \.isInFront, \.tellsOfUndefined, \.isCanceled, \.isNodesFault, \.isOfDeadLogin, \.isReplica, \.isRead,
            \.isChosen, \.isPinned, \.readsElsewhere,
        ]
        let refusals: [StandbyRefusal?] = [nil] + StandbyRefusal.allCases
        let faults: [FailedBatch.Statement?] = [
            nil, fault(.isMissing), fault(.resultHasChanged), fault(.resultHasChanged, isDescribed: true),
            fault(.resultHasChanged, isNamed: true, isDescribed: true), fault(.mayBeOutdated),
        ]
        let tries: [SecondTries] = [Renewal.none, .describes, .parses].flatMap { renewal in
            (0..<4).map { bits in
                var tries = SecondTries()
                if bits & 1 != 0 { worn(&tries) }
                if bits & 2 != 0 { tries.forceToPrimary() }
                tries.arm(renewal)
                return tries
            }
        }
        return (0..<1 << flags.count).lazy.flatMap { bits in
            var batch = FailedBatch(nodes: 3)
            for (index, flag) in flags.enumerated() { batch[keyPath: flag] = bits >> index & 1 == 1 }
            return refusals.flatMap { refusal in
                batch.refusal = refusal
                return faults.flatMap { fault in
                    batch.statement = fault
                    return tries.map {
                        batch.tries = $0
                        return batch
                    }
                }
            }
        }
    }

    @Test("Whatever the case: nothing runs for ever, what was chosen is not overruled, no write goes elsewhere")
    func always() {
        var wrong: [String: FailedBatch] = [:]
        var found: Set<String> = []
        var count = 0
        for batch in Self.combinations {
            count += 1
            guard let repair = batch.repair else { continue }
            found.insert("\(repair)")
            func must(_ holds: Bool, _ what: String) { if !holds { wrong["\(repair): \(what)"] = batch } }
            let mayGoOn = batch.tries.mayGoOn(nodes: 3)
            must(mayGoOn || !batch.tries.isForcedToPrimary, "it runs for ever")
            if batch.isInFront { must(repair == .elsewhere, "the batch has not failed") }
            switch repair {
            case .onPrimary:
                must(batch.isReplica, "there is no other primary")
                must(batch.refusal == .write || batch.refusal == .unloggedRelation, "nothing was refused")
                must(!batch.isChosen, "it was chosen")
            case .serializable: must(batch.isReplica && batch.refusal == .serializable, "there is no other primary")
            case .behind:
                must(batch.isReplica && batch.tellsOfUndefined, "there is no other primary")
                must(!batch.tries.isForcedToPrimary, "the primary has been asked")
                must(!batch.isChosen, "it was chosen")
                must(!batch.readsElsewhere, "the session's own server knows better")
            case .elsewhere:
                must(batch.isReplica, "what the primary may have carried out runs again")
                must(batch.isRead, "what may write runs again")
                must(batch.isNodesFault, "another node says the same")
                must(mayGoOn, "it runs for ever")
            case .loggedInAnew:
                must(batch.isOfDeadLogin && mayGoOn, "it runs for ever")
                must(!batch.isPinned, "a session's state is lost")
            case .onPinned:
                must(batch.readsElsewhere, "the session's own server has said it")
                must(!batch.isCanceled, "a cancel is overruled")
                must(mayGoOn, "it runs for ever")
            case .prepareAgain, .prepareAnew:
                must(batch.statement != nil, "nothing is out of date")
                must(mayGoOn, "it runs for ever")
                if batch.statement?.fault == .mayBeOutdated { must(batch.tries.isFirst, "the fault is the client's") }
                if batch.statement?.fault == .isMissing { must(repair == .prepareAgain, "its name is given away") }
            case .settings: must(false, "it is for those who bring settings to say")
            }
        }
        #expect(wrong.isEmpty, "\(wrong)")
        #expect(count == 1024 * 4 * 6 * 12)
        #expect(found.count == 8, "each is found: \(found)")
    }

    // MARK: What errors say

    @Test func whatOnlyAStandbyRefuses() {
        func refusal(_ state: SQLState, _ routine: String) -> StandbyRefusal? {
            var builder = MessageBuilder()
            builder.error(PostgresError(.error, state, "no", routine: routine))
            let bytes = builder.bytes
            return StandbyRefusal(bytes.span.bytes.extracting(MessageHeader.byteCount..<bytes.count))
        }
        #expect(refusal("25006", "PreventCommandIfReadOnly") == .write)
        #expect(refusal("0A000", "get_relation_info") == .unloggedRelation)
        #expect(refusal("0A000", "GetSerializableTransactionSnapshot") == .serializable)
        #expect(refusal("0A000", "check_XactIsoLevel") == .serializable)
        #expect(refusal("0A000", "check_transaction_isolation") == .serializable)
        #expect(refusal("0A000", "RevalidateCachedQuery") == nil)
        #expect(refusal("XX000", "get_relation_info") == nil)
        #expect(refusal("42P01", "parserOpenTable") == nil)
    }
}
