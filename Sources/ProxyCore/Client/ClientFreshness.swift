/// What a replica must have replayed before it may run this session's reads.
struct ClientFreshness: BitwiseCopyable {
    enum Track: UInt8, BitwiseCopyable {
        /// The session has written nothing: any replica will do.
        case untracked
        /// A write has been sent, and its cycle or transaction is not over.
        case writing
        /// It has written: its reads never go back behind what it has written or seen since.
        case tracked
    }

    var track = Track.untracked
    /// Where its last read ran; -1: on the primary.
    var node: Int16 = -1
    /// Which incarnation of that node it was.
    var incarnation: UInt16 = 0
    /// Covers what it has written, and what it has read on the primary.
    var written: SampleNumber = 0
    /// Covers also what it has read on `node` since; any other node must have replayed that.
    var seen: SampleNumber = 0
}
