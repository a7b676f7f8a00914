/// The units of time of postgresql.conf (PostgreSQL documentation, 20.1.1).
package enum DurationUnit: String, CaseIterable, Sendable {
    case microseconds = "us"
    case milliseconds = "ms"
    case seconds = "s"
    case minutes = "min"
    case hours = "h"
    case days = "d"

    var microseconds: Int {
        switch self {
        case .microseconds: 1
        case .milliseconds: 1_000
        case .seconds: 1_000_000
        case .minutes: 60_000_000
        case .hours: 3_600_000_000
        case .days: 86_400_000_000
        }
    }

    /// The shortest exact form: `90s`, `2min`, `0`.
    static func render(_ duration: Duration) -> String {
        let count = Int(duration.wholeMicroseconds)
        guard count != 0 else { return "0" }
        let unit = allCases.last { count.isMultiple(of: $0.microseconds) } ?? .microseconds
        return "\(count / unit.microseconds)\(unit.rawValue)"
    }
}

extension Duration {
    /// Microseconds; anything finer is dropped. No value of a configuration has anything finer.
    package var wholeMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    /// Seconds, rounded up, for the socket options that count in seconds.
    package var wholeSecondsRoundedUp: Int64 {
        components.seconds + (components.attoseconds > 0 ? 1 : 0)
    }
}
