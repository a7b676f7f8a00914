import ProxyCore

/// A timeline, with the ones that led to it where they are known ("PostgreSQL documentation, 26.3.5").
///
/// A number alone does not name a timeline: two replicas that are promoted apart from each other both take the next
/// one.
package struct Timeline: Sendable, Equatable {
    package let number: UInt32
    /// The oldest first; nil: not known.
    package let history: [TimelineSwitch]?

    /// - Parameter history: not needed for timeline 1, before which there is none.
    package init(number: UInt32, history: [TimelineSwitch]?) {
        self.number = number
        self.history = number == 1 ? [] : history
    }

    /// - Parameter file: the contents of the timeline's history file: a line for each timeline that led to it, with its
    ///   number and where it ended, in columns; the rest of the line is for people. Nil, or something else, is a
    ///   history that is not known.
    package init(number: UInt32, file: String?) {
        self.init(number: number, history: file.flatMap { Self.parse($0) })
    }

    private static func parse(_ file: String) -> [TimelineSwitch]? {
        var found: [TimelineSwitch] = []
        for line in file.split(whereSeparator: \.isNewline) {
            let columns = line.split(whereSeparator: \.isWhitespace)
            guard let first = columns.first, !first.hasPrefix("#") else { continue }
            guard columns.count > 1, let number = UInt32(first), let end = WALPosition(columns[1]),
                number > found.last?.timeline ?? 0
            else { return nil }
            found.append(TimelineSwitch(timeline: number, end: end))
        }
        return found.isEmpty ? nil : found
    }

    package func relation(to other: Timeline) -> TimelineRelation {
        if number == other.number {
            if let history, let theirs = other.history, history != theirs { return .diverged }
            return .same
        }
        if number < other.number {
            switch other.relation(to: self) {
            case .descendant(let end): return .ancestor(ended: end)
            case .untoldNewer: return .untoldOlder
            case .same, .ancestor, .diverged, .untoldOlder: return .diverged
            }
        }
        guard let history else { return .untoldNewer }
        guard let place = history.firstIndex(where: { $0.timeline == other.number }) else { return .diverged }
        if let theirs = other.history, Array(history[..<place]) != theirs { return .diverged }
        return .descendant(otherEnded: history[place].end)
    }

    /// Where a timeline that led to this one ended; nil where it did not, or that is not known.
    package func end(of timeline: UInt32) -> WALPosition? {
        history?.first { $0.timeline == timeline }?.end
    }
}

/// What one timeline is to another.
package enum TimelineRelation: Sendable, Equatable {
    case same
    /// It goes on where the other ended.
    case descendant(otherEnded: WALPosition)
    /// The other goes on where it ended.
    case ancestor(ended: WALPosition)
    /// Each has something that the other has not.
    case diverged
    /// The greater number, and its history is not known.
    case untoldNewer
    /// The lesser number, and the other's history is not known.
    case untoldOlder
}

/// Where a timeline ended: the next one of a history begins there.
package struct TimelineSwitch: Sendable, Equatable {
    package let timeline: UInt32
    package let end: WALPosition

    package init(timeline: UInt32, end: WALPosition) {
        self.timeline = timeline
        self.end = end
    }
}
