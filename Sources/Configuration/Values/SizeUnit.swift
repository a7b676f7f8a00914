/// The units of memory of postgresql.conf: a kilobyte is 1024 bytes (PostgreSQL documentation, 20.1.1).
package enum SizeUnit: String, CaseIterable, Sendable {
    case bytes = "B"
    case kilobytes = "kB"
    case megabytes = "MB"
    case gigabytes = "GB"

    var bytes: Int {
        switch self {
        case .bytes: 1
        case .kilobytes: 1 << 10
        case .megabytes: 1 << 20
        case .gigabytes: 1 << 30
        }
    }

    /// The shortest exact form: `64kB`, `0`.
    static func render(_ bytes: Int) -> String {
        guard bytes != 0 else { return "0" }
        let unit = allCases.last { bytes.isMultiple(of: $0.bytes) } ?? .bytes
        return "\(bytes / unit.bytes)\(unit.rawValue)"
    }
}
