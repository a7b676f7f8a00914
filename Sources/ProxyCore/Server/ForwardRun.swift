/// Messages that go to the client, found one after another and copied in one piece.
struct ForwardRun: BitwiseCopyable {
    /// Where the messages that have not been copied yet begin.
    var start: Int
    /// A ReadyForQuery was among the messages.
    var cycleEnded = false

    init(offset: Int) { start = offset }
}
