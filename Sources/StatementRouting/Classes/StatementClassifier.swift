import Bytes

/// Tells what a text does: a cache of texts, a cache of fingerprints, and the grammar behind them.
///
/// For one thread: nothing is locked. Pure: no clock, no input, no output. A hit in either cache allocates nothing.
package final class StatementClassifier {
    /// Texts longer than this are not looked at but for their hint, and go to the primary.
    package static let defaultMaximumTextBytes = 1 << 20
    /// Texts whose fingerprint is longer than this go to the primary: the grammar takes up to 0.4 µs
    /// a byte, and all the time the worker does nothing else.
    package static let maximumFingerprintBytes = 16 << 10
    /// Longer texts are lexed each time: comparing them would cost as much.
    private static let maximumKeptTextBytes = 8 << 10
    private static let quicklyLexedBytes = 256

    private let texts: StatementCache
    private let fingerprints: StatementCache
    private let normalizer = StatementNormalizer(maximumBytes: maximumFingerprintBytes)
    private let walker = ParseTreeWalker()
    private let hash: KeyedHash
    /// Longer texts are `tooLong`.
    package var maximumTextBytes: Int
    private var counters = ClassifierStatistics()
    /// The number of the fingerprint of the text that was classified last: the same for texts that differ in literals
    /// alone, whatever the session's settings and the catalog are, as long as the process lasts. 0 where it has none.
    package private(set) var fingerprint: UInt64 = 0

    /// - Parameters:
    ///   - cacheBytes: what both caches may take together, half each; `classifier_cache` of one worker.
    ///   - seed: random, so that no client can know which texts share a slot.
    package init(cacheBytes: Int, seed: UInt64, maximumTextBytes: Int = defaultMaximumTextBytes) {
        texts = StatementCache(maximumBytes: cacheBytes / 2)
        fingerprints = StatementCache(maximumBytes: cacheBytes / 2)
        hash = KeyedHash(seed: seed)
        self.maximumTextBytes = maximumTextBytes
    }

    package var statistics: ClassifierStatistics {
        var statistics = counters
        statistics.bytes = texts.bytes + fingerprints.bytes
        return statistics
    }

    /// The class of a whole text, without its terminating NUL.
    package func classify(_ text: RawSpan, in context: borrowing ClassificationContext) -> StatementClass {
        text.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
                fingerprint = 0
                return .empty
            }
            return classify(base, buffer.count, context)
        }
    }

    /// The class of a text whose bytes have all gone by.
    package func classify(_ fold: StatementFold, in context: borrowing ClassificationContext) -> StatementClass {
        fingerprint = 0
        guard context.encodingKeepsASCII else { return .notUnderstood(.clientEncoding) }
        counters.lookups &+= 1
        let outcome = fold.finish()
        if let failure = failure(outcome, fold.normalizer) { return failure }
        return classify(fold.normalizer, context)
    }

    /// What a text begins with.
    package enum Opening: Equatable, Sendable {
        /// More bytes are needed to tell.
        case undecided
        /// INSERT, UPDATE, DELETE or MERGE: whatever follows, no replica can run it.
        case write
        case other
    }

    /// Bytes of a text within which its first word is looked for.
    private static let openingBytes = 4 << 10

    /// - Parameter prefix: as much of the text as is at hand.
    /// - Returns: also a hint that stands in front of the first word.
    package func opening(of prefix: RawSpan, in context: borrowing ClassificationContext) -> (Opening, RouteHint) {
        guard context.encodingKeepsASCII else { return (.other, .none) }
        return prefix.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return (.undecided, .none) }
            let count = min(buffer.count, Self.openingBytes)
            var lexer = StatementLexer(
                base: base,
                count: count,
                standardConformingStrings: context.standardConformingStrings,
                isLast: false
            )
            switch lexer.nextWhole() {
            case .more: return (count < Self.openingBytes ? .undecided : .other, lexer.hint)
            case .word:
                let isWrite =
                    lexer.isWord("insert") || lexer.isWord("update") || lexer.isWord("delete") || lexer.isWord("merge")
                return (isWrite ? .write : .other, lexer.hint)
            default: return (.other, lexer.hint)
            }
        }
    }

    /// A replica refused this text as a write (SQLSTATE 25006): from now on all texts of its fingerprint are writes,
    /// as long as the cache remembers.
    package func correct(_ text: RawSpan, in context: borrowing ClassificationContext) {
        text.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
                buffer.count <= maximumTextBytes,
                case .normalized = normalizer.run(
                    base,
                    buffer.count,
                    standardConformingStrings: context.standardConformingStrings
                )
            else { return }
            let key = hash.hash(
                UnsafeRawBufferPointer(start: normalizer.bytes, count: normalizer.count),
                mixing: context.identity.mixed
            )
            let known =
                fingerprints.find(key, normalizer.bytes, normalizer.count, context.identity)
                ?? analyze(normalizer, context)
            var corrected = known.statementClass
            guard corrected.access == .read else { return }
            corrected.access = .write
            corrected.reason = .refusedByReplica
            fingerprints.insert(
                key,
                normalizer.bytes,
                normalizer.count,
                context.identity,
                StatementCache.Known(statementClass: corrected, fingerprint: known.fingerprint)
            )
            // Other texts of this fingerprint may be among the texts. A fingerprint is corrected once, so this is rare.
            texts.removeAll()
            counters.corrections &+= 1
        }
    }

    /// The class as the grammar gives it, past both caches. Cold; for tests and EXPLAIN.
    package func classifyAfresh(_ text: RawSpan, in context: borrowing ClassificationContext) -> StatementClass {
        text.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .empty }
            if let refused = refuse(base, buffer.count, context) { return refused }
            if let failure = normalize(base, buffer.count, context) { return failure }
            var found = analyze(normalizer, context).statementClass
            finish(&found, normalizer)
            return found
        }
    }

    // MARK: - Steps

    private func classify(
        _ base: UnsafePointer<UInt8>,
        _ count: Int,
        _ context: borrowing ClassificationContext
    ) -> StatementClass {
        counters.lookups &+= 1
        let identity = context.identity
        var key: UInt64 = 0
        if count <= Self.maximumKeptTextBytes {
            key = hash.hash(UnsafeRawBufferPointer(start: base, count: count), mixing: identity.mixed)
            if let found = texts.find(key, base, count, identity) {
                counters.textHits &+= 1
                fingerprint = found.fingerprint
                return found.statementClass
            }
        }
        let found = classifyByFingerprint(base, count, context)
        if count <= Self.maximumKeptTextBytes, isWorthKeeping(count), texts.isSecondSight(key) {
            let known = StatementCache.Known(statementClass: found, fingerprint: fingerprint)
            texts.insert(key, base, count, identity, known)
        }
        return found
    }

    /// A short text with literals is lexed in no time, and texts like it come with other literals: it is not worth a
    /// copy.
    @inline(__always)
    private func isWorthKeeping(_ count: Int) -> Bool {
        !normalizer.hasLiterals || count > Self.quicklyLexedBytes
    }

    private func classifyByFingerprint(
        _ base: UnsafePointer<UInt8>,
        _ count: Int,
        _ context: borrowing ClassificationContext
    ) -> StatementClass {
        if let refused = refuse(base, count, context) { return refused }
        if let failure = normalize(base, count, context) { return failure }
        return classify(normalizer, context)
    }

    /// By the fingerprint that a normalizer has written.
    private func classify(
        _ normalizer: StatementNormalizer,
        _ context: borrowing ClassificationContext
    ) -> StatementClass {
        let identity = context.identity
        let key = hash.hash(
            UnsafeRawBufferPointer(start: normalizer.bytes, count: normalizer.count),
            mixing: identity.mixed
        )
        let known: StatementCache.Known
        if let kept = fingerprints.find(key, normalizer.bytes, normalizer.count, identity) {
            counters.fingerprintHits &+= 1
            known = kept
        } else {
            counters.misses &+= 1
            known = analyze(normalizer, context)
            fingerprints.insert(key, normalizer.bytes, normalizer.count, identity, known)
        }
        fingerprint = known.fingerprint
        var found = known.statementClass
        finish(&found, normalizer)
        return found
    }

    /// Adds what belongs to the text and not to its fingerprint.
    private func finish(_ found: inout StatementClass, _ normalizer: StatementNormalizer) {
        found.hint = normalizer.hint
        // An INSERT of rows has one plan with and without parameters.
        if normalizer.hidesParameters, !found.putsRowsIn { found.hasFixedPlan = false }
    }

    /// The class of a text that is not to be lexed at all.
    private func refuse(
        _ base: UnsafePointer<UInt8>,
        _ count: Int,
        _ context: borrowing ClassificationContext
    ) -> StatementClass? {
        fingerprint = 0
        guard context.encodingKeepsASCII else { return .notUnderstood(.clientEncoding) }
        return count > maximumTextBytes ? tooLong(base, maximumTextBytes, context) : nil
    }

    private func tooLong(
        _ base: UnsafePointer<UInt8>,
        _ count: Int,
        _ context: borrowing ClassificationContext
    ) -> StatementClass {
        var found = StatementClass.notUnderstood(.tooLong)
        guard context.encodingKeepsASCII else { return found }
        found.hint = normalizer.readHint(
            base,
            count,
            standardConformingStrings: context.standardConformingStrings
        )
        return found
    }

    /// Runs the normalizer; the class of a text that it cannot rewrite.
    private func normalize(
        _ base: UnsafePointer<UInt8>,
        _ count: Int,
        _ context: borrowing ClassificationContext
    ) -> StatementClass? {
        let outcome = normalizer.run(base, count, standardConformingStrings: context.standardConformingStrings)
        return failure(outcome, normalizer)
    }

    private func failure(_ outcome: StatementNormalizer.Outcome, _ normalizer: StatementNormalizer) -> StatementClass? {
        let reason: RouteReason
        switch outcome {
        case .normalized: return nil
        case .malformed: reason = .unparsable
        case .tooDeep: reason = .tooDeep
        case .tooLong: reason = .tooLong
        }
        var found = StatementClass.notUnderstood(reason)
        found.hint = normalizer.hint
        return found
    }

    /// Parses what the normalizer has written.
    private func analyze(
        _ normalizer: StatementNormalizer,
        _ context: borrowing ClassificationContext
    ) -> StatementCache.Known {
        let bytes = UnsafeRawBufferPointer(start: normalizer.bytes, count: normalizer.count)
        return StatementCache.Known(
            statementClass: ParseTreeClassifier.classify(normalizer.bytes, normalizer.count, walker, context),
            fingerprint: max(1, hash.hash(bytes, mixing: 0))
        )
    }
}

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
