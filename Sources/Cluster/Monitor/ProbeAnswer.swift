/// What a node answered to a question, whose reply is not at its end yet.
struct ProbeAnswer {
    let reading: NodeReading
    /// It would tell more, if asked.
    let mayTellHistory: Bool
}
