import ProxyCore

/// Why a node must not be used, in words that say what mends it.
package enum FenceReason: Sendable, Equatable {
    /// How a reason names the primary that is right.
    package struct Primary: Sendable, Equatable {
        package let name: String
        package let timeline: UInt32?
        /// libpq connection string by which `pg_rewind` finds it.
        package let conninfo: String

        package init(name: String, timeline: UInt32?, conninfo: String) {
            self.name = name
            self.timeline = timeline
            self.conninfo = conninfo
        }
    }

    /// It is of another cluster.
    case otherSystem(String, ours: String)
    /// A primary on a timeline that ended before the primary's begins. `ended`: where, if that is known.
    case timelineEnded(UInt32?, ended: WALPosition?, Primary)
    /// Its log has something that the primary's has not, and the other way round.
    case diverged(UInt32?, Primary)
    /// It says that it is primary, on the very timeline of the primary.
    case secondPrimary(Primary)
    /// A replica receives a newer timeline than this primary's, so there is a newer primary, which is not seen.
    case newerTimeline(UInt32, receivedBy: String)
    /// It was the primary, does not answer, and there is another now.
    case superseded(Primary)
    /// It was the primary, does not answer, and another is being promoted in its place.
    case beingReplaced(by: String)
    /// Several say that they are primary, and which is right cannot be told.
    case undecided([String], isHistoryKnown: Bool)
}

extension FenceReason: CustomStringConvertible {
    /// One line.
    package var description: String {
        switch self {
        case .otherSystem(let theirs, let ours):
            "it is of another cluster: its system identifier is \(theirs), the others' is \(ours); "
                + "take it out of the configuration, or make it a replica of this cluster with pg_basebackup"
        case .timelineEnded(let timeline, let ended, let primary):
            "it says that it is primary on timeline \(Self.number(timeline)), which ended"
                + (ended.map { " at \($0)" } ?? "") + ": \(Self.current(primary)); \(Self.rewind(primary))"
        case .diverged(let timeline, let primary):
            "its log on timeline \(Self.number(timeline)) is not part of the primary's: \(Self.current(primary)); "
                + Self.rewind(primary)
        case .secondPrimary(let primary):
            "it says that it is primary on the same timeline as node \(primary.name), which is in use; "
                + Self.rewind(primary)
        case .newerTimeline(let timeline, let replica):
            "it says that it is primary, yet node \(replica) receives timeline \(timeline) from a newer primary that is not seen "
                + "from here; mend the way to that one, and name it in the configuration"
        case .superseded(let primary):
            "it was the primary and does not answer: \(Self.current(primary))"
        case .beingReplaced(let name):
            "it was the primary and does not answer: node \(name) is being promoted in its place"
        case .undecided(let names, let isHistoryKnown):
            "nodes \(names.joined(separator: " and ")) all say that they are primary, and which is right cannot be told"
                + (isHistoryKnown
                    ? "" : ": their timelines' history is not known to the monitoring user (\(Self.historyGrant))")
                + "; stop all but the right one, and writes go on there"
        }
    }

    /// The right that lets the monitoring user know timelines' histories.
    package static let historyGrant =
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text, bigint, bigint, boolean) TO its monitor_user"

    private static func number(_ timeline: UInt32?) -> String { timeline.map { "\($0)" } ?? "unknown" }

    private static func current(_ primary: Primary) -> String {
        "node \(primary.name) is primary on timeline \(number(primary.timeline))"
    }

    private static func rewind(_ primary: Primary) -> String {
        "run CHECKPOINT on node \(primary.name), stop this one and run there: pg_rewind --target-pgdata=\"$PGDATA\" --source-server='\(primary.conninfo)' "
            + "--write-recovery-conf"
    }
}
