/// What a proxy itself sees of the nodes, as far as it matters to the others.
package struct CoordinationLook: Sendable, Equatable {
    /// Names of the nodes, by place; empty: nobody's.
    package var names: [String]
    /// The place of a primary that is well.
    package var sees: Int?
    /// Of the node that would be written to, were there nobody to ask; 0: not known, or no such node.
    package var timeline: UInt32
    /// Of the primary that was right last; 0: not known.
    package var lastTimeline: UInt32
    /// Places of the replicas that follow the primary.
    package var followers: Set<Int>

    package init(names: [String], sees: Int?, timeline: UInt32, lastTimeline: UInt32, followers: Set<Int> = []) {
        self.names = names
        self.sees = sees
        self.timeline = timeline
        self.lastTimeline = lastTimeline
        self.followers = followers
    }
}
