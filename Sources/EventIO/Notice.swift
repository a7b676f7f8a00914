/// Something that a call of the owner's has found out, kept until the next turn so that the owner is not called back
/// from within its own call.
enum Notice: BitwiseCopyable {
    case connected(ConnectionID)
    case connectFailed(ConnectionID, Int32)
    case sendFailed(ConnectionID)
    case backlogged(ConnectionID)
}
