import Glibc

/// The fingerprint of a text of any size, made while its bytes go by: none of them is kept but for a window, which ends
/// where the last token ends that is whole in it. What comes out is what the whole text would give.
///
/// For one text, then it is done with; for one thread. `StatementClassifier.classify(_:in:)` tells its class.
package final class StatementFold {
    /// Bytes that a name, a number, a run of operators or the space behind a string may have at most; a text with a
    /// longer one is `tooLong`. Strings and comments may be of any length.
    package static let windowBytes = 16 << 10

    private let window: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private var filled = 0
    private let standardConformingStrings: Bool
    private var inside = StatementLexer.Inside.nothing
    private var hint = RouteHint.none
    private var progress: StatementNormalizer.Progress
    private var outcome: StatementNormalizer.Outcome?
    let normalizer: StatementNormalizer

    /// - Parameter windowBytes: other than usual only in tests.
    package init(standardConformingStrings: Bool, windowBytes: Int = StatementFold.windowBytes) {
        self.standardConformingStrings = standardConformingStrings
        capacity = max(windowBytes, 8)
        window = .allocate(capacity: capacity)
        normalizer = StatementNormalizer(maximumBytes: StatementClassifier.maximumFingerprintBytes)
        progress = normalizer.begin()
    }

    deinit {
        window.deallocate()
    }

    /// The next bytes of the text.
    package func append(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { source in
            var offset = 0
            while offset < source.count, outcome == nil {
                let size = min(source.count - offset, capacity - filled)
                memcpy(window + filled, source.baseAddress.unsafelyUnwrapped + offset, size)
                filled += size
                offset += size
                if filled == capacity { read(isLast: false) }
            }
        }
    }

    /// No more bytes come.
    func finish() -> StatementNormalizer.Outcome {
        if outcome == nil { read(isLast: true) }
        return normalizer.end(outcome ?? .malformed, hint: hint)
    }

    private func read(isLast: Bool) {
        var lexer = StatementLexer(
            base: window,
            count: filled,
            standardConformingStrings: standardConformingStrings,
            isLast: isLast,
            inside: inside,
            hint: hint
        )
        let start = lexer.position
        while true {
            let token = lexer.nextWhole()
            if token == .more { break }
            if let ended = normalizer.consume(token, lexer, &progress) {
                outcome = ended
                hint = lexer.hint
                return
            }
        }
        hint = lexer.hint
        let isStuck = lexer.position == start && lexer.inside == inside
        if isStuck, inside != .nothing || !lexer.enter() {
            // The rest is not read, and no hint that may be in it.
            outcome = .tooLong
            return
        }
        inside = lexer.inside
        keep(from: lexer.position)
    }

    private func keep(from position: Int) {
        let kept = inside.keptBytes
        filled -= position - kept
        memmove(window + kept, window + position, filled - kept)
    }
}
