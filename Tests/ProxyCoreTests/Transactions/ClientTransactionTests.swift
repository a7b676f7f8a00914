import PostgresWire
import Testing

@testable import ProxyCore

/// A transaction that has failed, and what may end it.
struct ClientTransactionTests {
    @Test("Only what has failed can be on its way to its end", arguments: ClientTransaction.allCases)
    func ending(_ transaction: ClientTransaction) {
        let sent = transaction.withEndSent
        #expect(sent.isEnding == transaction.isFailed)
        #expect(sent.isFailed == transaction.isFailed && sent.isLeading == transaction.isLeading)
        #expect(sent.isDeferred == transaction.isDeferred)
        if !transaction.isFailed { #expect(sent == transaction) }
        #expect(sent.withEndSent == sent)
        #expect(!sent.refusesAll, "what stands behind it may be carried out")
    }

    @Test("A failed one refuses everything until then", arguments: ClientTransaction.allCases)
    func refuses(_ transaction: ClientTransaction) {
        #expect(transaction.refusesAll == (transaction.isFailed && !transaction.isEnding))
        #expect(
            transaction.isFailed
                == [.failed, .failedEnding, .leadingFailed, .leadingFailedEnding].contains(transaction)
        )
        #expect(transaction.after(.failed).refusesAll, "the cycle is over, and it was not ended")
        #expect(transaction.after(.failed, isMoreInFlight: true).isEnding, "what is in flight may end it")
        #expect(transaction.after(.failed, isMoreInFlight: true).isLeading == transaction.isLeading)
        for status in [TransactionStatus.idle, .inTransaction] {
            #expect(transaction.after(status, isMoreInFlight: true) == transaction.after(status))
        }
        #expect(!transaction.after(.idle).isFailed && !transaction.after(.inTransaction).isFailed)
    }
}
