import StatementRouting
import Testing

@testable import ProxyCore

struct TransactionModesTests {
    private func place(
        _ text: String,
        database: TransactionOptions.Isolation? = .readCommitted,
        defaults: KeyValuePairs<String, String> = [:],
        mayLead: Bool = false
    ) -> ClientTransaction {
        let modes = TransactionModes(
            SessionCommands.parse(Array(text.utf8).span.bytes, standardConformingStrings: true)
        )
        let settings = defaults.map { SessionSetting(name: $0.key, value: $0.value) }
        return modes.transactionBegun(TransactionDefaults(settings), database: database, mayLead: mayLead)
    }

    @Test func itsOwnWordsComeFirst() {
        #expect(place("BEGIN") == .begun)
        #expect(place("BEGIN READ ONLY") == .begunReadOnly)
        #expect(place("BEGIN READ ONLY", database: nil) == .begunOnPrimary)
        #expect(place("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") == .begunToStay)
        #expect(place("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE") == .begunOnPrimary)
        #expect(place("BEGIN; SET TRANSACTION READ ONLY") == .begunReadOnly)
        #expect(place("BEGIN READ ONLY; SET TRANSACTION READ WRITE") == .begun)
        #expect(place("BEGIN READ ONLY; SET transaction_isolation = 'serializable'") == .begunOnPrimary)
        #expect(place("BEGIN; SET LOCAL transaction_read_only = on") == .begunReadOnly)
        #expect(place("BEGIN READ ONLY; SET transaction_read_only = 'off'") == .begun)
        #expect(place("BEGIN READ ONLY; SET transaction_isolation TO DEFAULT") == .begunOnPrimary)
        #expect(place("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", database: .serializable) == .begunReadOnly)
        #expect(
            TransactionModes(nil).transactionBegun(TransactionDefaults(), database: nil, mayLead: true)
                == .begunOnPrimary
        )
    }

    @Test func thenTheDefaults() {
        #expect(place("BEGIN", database: .serializable) == .begunOnPrimary)
        #expect(place("BEGIN READ ONLY", database: .serializable) == .begunOnPrimary)
        #expect(place("BEGIN", defaults: ["default_transaction_isolation": "serializable"]) == .begunOnPrimary)
        #expect(
            place("BEGIN", database: .serializable, defaults: ["default_transaction_isolation": "read committed"])
                == .begun
        )
        #expect(place("BEGIN", defaults: ["default_transaction_read_only": "on"]) == .begunReadOnly)
        #expect(place("BEGIN READ WRITE", defaults: ["default_transaction_read_only": "on"]) == .begun)
    }

    @Test func leadsWhereItMay() {
        #expect(place("BEGIN", mayLead: true) == .begunToLead)
        #expect(place("BEGIN", database: nil, mayLead: true) == .begun)
        #expect(place("BEGIN READ WRITE", mayLead: true) == .begun)
        #expect(place("BEGIN ISOLATION LEVEL REPEATABLE READ", mayLead: true) == .begun)
        #expect(place("BEGIN READ ONLY", mayLead: true) == .begunReadOnly)
    }
}
