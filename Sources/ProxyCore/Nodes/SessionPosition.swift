import PostgresWire

/// What `SHOW howdah.position` gives and `SET howdah.position` takes: a place in the log, with its timeline behind it,
/// such as `0/3000148@1`.
package struct SessionPosition: Sendable, Equatable, BitwiseCopyable {
    package let position: WALPosition
    package let timeline: UInt32

    package init(position: WALPosition, timeline: UInt32) {
        self.position = position
        self.timeline = timeline
    }

    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let position = WALPosition(parts[0]), let timeline = UInt32(parts[1]), timeline > 0
        else { return nil }
        self.init(position: position, timeline: timeline)
    }
}

extension SessionPosition: CustomStringConvertible {
    package var description: String { "\(position)@\(timeline)" }
}

extension SessionPosition {
    static let setting = "howdah.position"

    init(written text: String) throws(PostgresError) {
        guard let position = SessionPosition(text) else {
            throw .invalidValue(
                text,
                of: Self.setting,
                hint: "Give what SHOW howdah.position has shown, such as 0/3000148@1, or an empty string for none."
            )
        }
        self = position
    }
}
