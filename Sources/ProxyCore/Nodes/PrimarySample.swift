/// One look at the primary's WAL position.
package struct PrimarySample: Sendable, Equatable {
    package let number: SampleNumber
    /// What is covered by it: all that was inserted into the log when it was taken.
    package let position: SessionPosition

    package init(number: SampleNumber, position: SessionPosition) {
        self.number = number
        self.position = position
    }
}
