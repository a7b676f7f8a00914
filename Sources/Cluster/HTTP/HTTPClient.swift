import CCurl
import MonotonicTime

/// One request over HTTP or HTTPS. Blocks the thread.
enum HTTPClient {
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
        do throws(HTTPFailure) {
            return try ask(url, nil, nil, certificates: certificates, timeout: timeout, isStopped: isStopped)
        } catch {
            switch error {
            case .unreachable(let words): throw .unreachable(words)
            case .status(let status, _): throw .status(status)
            }
        }
    }

    /// - Parameters:
    ///   - body: JSON.
    ///   - authorization: the header of that name; nil: none is sent.
    ///   - isStopped: asked about once a second; ends the wait.
    /// - Returns: the body of an answer with status 200.
    static func post(
        _ url: String,
        body: String,
        authorization: String?,
        certificates: String?,
        timeout: Duration,
        isStopped: @escaping () -> Bool
    ) throws(HTTPFailure) -> [UInt8] {
        try ask(url, body, authorization, certificates: certificates, timeout: timeout, isStopped: isStopped)
    }

    private static func ask(
        _ url: String,
        _ body: String?,
        _ authorization: String?,
        certificates: String?,
        timeout: Duration,
        isStopped: @escaping () -> Bool
    ) throws(HTTPFailure) -> [UInt8] {
        let asked = Asked(isStopped)
        let milliseconds = max(1, Int(timeout.microseconds / 1_000))
        var answer = withExtendedLifetime(asked) {
            howdah_http_ask(
                url,
                body,
                authorization,
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
        let bytes = Array(UnsafeRawBufferPointer(start: answer.body, count: answer.length))
        guard answer.status == 200 else { throw .status(answer.status, bytes) }
        return bytes
    }

    /// What C carries for Swift.
    private final class Asked {
        let isStopped: () -> Bool

        init(_ isStopped: @escaping () -> Bool) { self.isStopped = isStopped }
    }
}

/// Why an HTTP request has no answer that is any use.
enum HTTPFailure: Error {
    /// libcurl's words.
    case unreachable(String)
    /// Another status than 200, with what came with it.
    case status(Int, [UInt8])
}
