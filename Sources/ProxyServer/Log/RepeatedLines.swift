import Configuration

/// Sums up lines of the log that come again and again: the first of a kind is written, those that follow within
/// `interval` are counted, and their number is told once when it ends.
///
/// A pure value: it reads no clock. Times are microseconds of any clock that does not go back.
struct RepeatedLines {
    /// What is told of the lines that were not written.
    struct Summary: Equatable {
        let level: LogLevel
        /// The last of them.
        let text: String
        let count: Int
    }

    private struct Record {
        var due: UInt64
        var level: LogLevel
        var text = ""
        var count = 0
    }

    /// Kinds that are remembered at once. With one more, the oldest is told of early and forgotten.
    static let mostKinds = 256

    let interval: UInt64
    private var records: [String: Record] = [:]
    /// In the order in which they are due, since all have the same interval.
    private var kinds: [String] = []

    /// - Parameter interval: in microseconds; 0: every line is written.
    init(interval: UInt64) { self.interval = interval }

    /// When `takeDue` has something to do; nil where no line is remembered.
    var nextDue: UInt64? { kinds.first.flatMap { records[$0]?.due } }

    /// Whether a line is to be written now; otherwise it is counted.
    /// - Parameter kind: lines of the same kind are one and the same to the reader.
    /// - Returns: also what must be told first, where another kind had to make room.
    mutating func admit(_ kind: String, _ level: LogLevel, _ text: String, at now: UInt64) -> (Bool, Summary?) {
        if interval == 0 { return (true, nil) }
        if var record = records[kind], now < record.due {
            record.count += 1
            record.level = level
            record.text = text
            records[kind] = record
            return (false, nil)
        }
        var early: Summary?
        if records[kind] != nil {
            // It was due, and nobody has asked yet.
            kinds.removeAll { $0 == kind }
            early = records.removeValue(forKey: kind).flatMap(Self.summary)
        } else if kinds.count >= Self.mostKinds {
            early = records.removeValue(forKey: kinds.removeFirst()).flatMap(Self.summary)
        }
        records[kind] = Record(due: now + interval, level: level)
        kinds.append(kind)
        return (true, early)
    }

    /// What is to be told by now. A kind that goes on is counted anew, one that has ceased is forgotten.
    mutating func takeDue(at now: UInt64) -> [Summary] {
        var summaries: [Summary] = []
        while let kind = kinds.first, let record = records[kind], record.due <= now {
            kinds.removeFirst()
            if let summary = Self.summary(record) {
                summaries.append(summary)
                records[kind] = Record(due: now + interval, level: record.level)
                kinds.append(kind)
            } else {
                records[kind] = nil
            }
        }
        return summaries
    }

    private static func summary(_ record: Record) -> Summary? {
        record.count == 0 ? nil : Summary(level: record.level, text: record.text, count: record.count)
    }
}
