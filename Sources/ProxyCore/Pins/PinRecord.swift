import Bytes
import PostgresWire
import StatementRouting

/// Why a client is pinned: each reason with the statement that gave it. Only pinned clients have one.
final class PinRecord {
    struct Entry {
        let reason: PinReason
        let since: Microseconds
        /// The beginning of the statement's text, where it was one.
        let statement: String
    }

    /// Bytes of the statement that are kept.
    static let statementLimit = 200

    private(set) var entries: [Entry] = []
    /// Something has happened that may have ended a reason, or have kept it from coming to be: the server is to be
    /// asked.
    private(set) var isInDoubt = false
    /// The server has been asked, and no reason has come since.
    private(set) var isAsked = false

    /// Names that temporary objects may have that the session has made, or code that it ran.
    private(set) var made = RelationNames.none
    /// Those of them that have come since the server was asked.
    private var madeSinceAsked = RelationNames.none
    var reading = PinnedReading.atHome

    /// What the client is to be told with its next statement: the server with all this is lost.
    var loss: PostgresError?

    init() {}

    var isEmpty: Bool { entries.isEmpty && loss == nil }

    func contains(_ reason: PinReason) -> Bool { entries.contains { $0.reason == reason } }

    func add(_ reason: PinReason, since: Microseconds, statement: String) {
        isAsked = false
        // The statement may fail, or be rolled back.
        if reason.hasEvidence { isInDoubt = true }
        if !contains(reason) { entries.append(Entry(reason: reason, since: since, statement: statement)) }
    }

    func remove(_ reason: PinReason) {
        entries.removeAll { $0.reason == reason }
        if reason == .temporaryObject { made = .none }
    }

    /// A statement has been sent that may make temporary objects of these names.
    func mayMake(_ names: RelationNames) {
        made.formUnion(names)
        madeSinceAsked.formUnion(names)
    }

    /// A statement has been sent that may end one of these.
    func doubt(_ reasons: [PinReason]) {
        if reasons.contains(where: { contains($0) }) { isInDoubt = true }
    }

    /// Whether asking the server could end the pin.
    var isWorthAsking: Bool { isInDoubt && !entries.isEmpty && entries.allSatisfy(\.reason.hasEvidence) }

    func asked() {
        isInDoubt = false
        isAsked = true
        madeSinceAsked = .none
    }

    /// The server has answered.
    /// - Parameter evidence: the reasons for which it has found something, by their bits.
    func answered(_ evidence: Int) {
        guard isAsked else { return }
        isAsked = false
        if contains(.temporaryObject), evidence & PinReason.temporaryObject.bit == 0 { made = madeSinceAsked }
        entries.removeAll { $0.reason.hasEvidence && evidence & $0.reason.bit == 0 }
    }
}
