/// Whether the batch that a client has in flight could be run again as if nothing had happened.
enum ReplayState: UInt8, BitwiseCopyable {
    /// Not kept, or something of its reply has been delivered.
    case none
    /// The batch's bytes are kept and nothing of the reply has left: replies wait in the client's output.
    case armed
}
