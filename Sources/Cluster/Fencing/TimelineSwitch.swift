import ProxyCore

/// Where a timeline ended: the next one of a history begins there.
package struct TimelineSwitch: Sendable, Equatable {
    package let timeline: UInt32
    package let end: WALPosition

    package init(timeline: UInt32, end: WALPosition) {
        self.timeline = timeline
        self.end = end
    }
}
