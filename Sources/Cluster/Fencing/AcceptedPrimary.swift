/// The primary that was taken for right last, whether it answers or not.
package struct AcceptedPrimary: Sendable, Equatable {
    /// Its place among the nodes.
    package var place: Int
    package var timeline: Timeline?
    package var systemIdentifier: String?
}
