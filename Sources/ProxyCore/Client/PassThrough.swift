/// The rest of a message that is passed on as it comes, never gathered.
enum PassThrough: BitwiseCopyable {
    case none
    /// Goes to the server that the client holds.
    case toServer(remaining: Int)
    case dropped(remaining: Int)
}
