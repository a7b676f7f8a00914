/// Whether more can come from a client, and whether it can still be answered.
enum ClientInput: UInt8, BitwiseCopyable {
    /// It may send more.
    case open
    /// It has ended its sending, and may still read: what it has sent in full is carried out and answered.
    case ended
    /// Its connection is gone: what it has sent in full is carried out all the same, but for reads, whose answers
    /// nobody wants.
    case gone
}
