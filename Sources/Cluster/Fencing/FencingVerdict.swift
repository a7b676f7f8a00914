/// Which node may be written to, and which nodes must not be used at all.
package struct FencingVerdict: Sendable, Equatable {
    /// By place among the nodes; nil: it may be used as what it says that it is.
    package var fences: [FenceReason?]
    /// The place of the one node that may be written to.
    package var primary: Int?

    package init(fences: [FenceReason?], primary: Int?) {
        self.fences = fences
        self.primary = primary
    }
}
