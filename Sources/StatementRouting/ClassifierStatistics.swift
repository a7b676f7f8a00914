/// Counters of one `StatementClassifier` since it was made.
package struct ClassifierStatistics: Sendable, Equatable, BitwiseCopyable {
    /// Texts asked about.
    package var lookups: UInt64 = 0
    /// Found as the very same text.
    package var textHits: UInt64 = 0
    /// Found by their fingerprint.
    package var fingerprintHits: UInt64 = 0
    /// Given to the grammar.
    package var misses: UInt64 = 0
    /// Fingerprints that a replica refused.
    package var corrections: UInt64 = 0
    /// Bytes that both caches take now.
    package var bytes: Int = 0
}
