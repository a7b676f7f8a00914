import ProxyCore

/// Where a node stood in the write-ahead log, as it said in one check ("PostgreSQL documentation, 9.27.3 and 9.27.4").
package struct NodeReading: Sendable, Equatable {
    package let role: NodeRole
    /// The look's number, taken before its query was sent.
    package let number: SampleNumber
    /// When the query was sent: microseconds of `MonotonicClock`.
    package let sentAt: UInt64
    /// The primary: what has been inserted into the log, which covers every commit that anybody can see, flushed or
    /// not. A replica: what it has replayed.
    package let reached: WALPosition?
    /// The primary: what has been flushed, which is what replicas can get. A replica: what it has received.
    package let flushed: WALPosition?
    /// The primary: that of its log. A replica: that which it receives, where its monitoring user may know, else that
    /// of its last restartpoint.
    package let timeline: UInt32?
    /// `system_identifier` of the control file; nil where the monitoring user may not know.
    package let systemIdentifier: String?
    /// How long a commit may stay without being flushed, where it was told not to wait (`synchronous_commit = off`), in
    /// microseconds; nil where that is not known.
    package let commitsFlushedWithin: UInt64?
    /// The state of a replica's WAL receiver; nil where there is none.
    package let receiver: String?
    /// When a replica last heard from what it streams from, by its own clock and in its own words, to be compared with
    /// what it said before; nil where there is no stream, or the monitoring user may not know.
    package let heard: String?
    /// The timelines that led to a primary's; nil for a replica, or where the monitoring user may not know.
    package let history: [TimelineSwitch]?
    /// What commits on a primary wait for; nil: nothing, or the monitoring user may not know.
    package let commitWait: CommitWait?
    /// Who streams from a primary; nil for a replica, and where nobody has asked.
    package let senders: SenderList?

    /// A replica receives, and the monitoring user may not know from where and how.
    var hidesReceiver: Bool { receiver == "?" }

    package init(
        role: NodeRole,
        number: SampleNumber,
        sentAt: UInt64,
        reached: WALPosition?,
        flushed: WALPosition?,
        timeline: UInt32?,
        systemIdentifier: String? = nil,
        commitsFlushedWithin: UInt64? = nil,
        receiver: String? = nil,
        heard: String? = nil,
        history: [TimelineSwitch]? = nil,
        commitWait: CommitWait? = nil,
        senders: SenderList? = nil
    ) {
        self.role = role
        self.number = number
        self.sentAt = sentAt
        self.reached = reached
        self.flushed = flushed
        self.timeline = timeline
        self.systemIdentifier = systemIdentifier
        self.commitsFlushedWithin = commitsFlushedWithin
        self.receiver = receiver
        self.heard = heard
        self.history = history
        self.commitWait = commitWait
        self.senders = senders
    }
}
