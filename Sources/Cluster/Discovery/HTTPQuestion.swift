import CCurl

/// One GET over HTTP or HTTPS. Blocks the thread.
enum HTTPQuestion {
    /// A list of a thousand members is shorter.
    private static let limit = 1 << 20

    /// - Parameter isStopped: asked about once a second; ends the wait.
    /// - Returns: the body of an answer with status 200.
    static func get(
        _ url: String,
        certificates: String?,
        timeout: Duration,
        isStopped: @escaping () -> Bool
    ) throws(PatroniFailure) -> [UInt8] {
        let asked = Asked(isStopped)
        let milliseconds = max(1, Int(timeout.nanoseconds / 1_000_000))
        var answer = withExtendedLifetime(asked) {
            howdah_http_get(
                url,
                certificates,
                milliseconds,
                limit,
                { Unmanaged<Asked>.fromOpaque($0!).takeUnretainedValue().isStopped() ? 1 : 0 },
                Unmanaged.passUnretained(asked).toOpaque()
            )
        }
        defer { howdah_http_free(&answer) }
        if answer.status == 0 {
            let words = withUnsafeBytes(of: answer.failure) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw .unreachable(words)
        }
        guard answer.status == 200 else { throw .status(answer.status) }
        return Array(UnsafeRawBufferPointer(start: answer.body, count: answer.length))
    }

    /// What C carries for Swift.
    private final class Asked {
        let isStopped: () -> Bool

        init(_ isStopped: @escaping () -> Bool) { self.isStopped = isStopped }
    }
}
