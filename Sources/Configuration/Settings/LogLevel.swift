/// Severity of log messages, least severe first.
package enum LogLevel: String, CaseIterable, Sendable, Comparable {
    case debug
    case info
    case warning
    case error

    private var severity: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.severity < right.severity }
}
