/// What a loop tells its owner, on the loop's thread.
///
/// No call is made from within a call of the loop's that the owner makes: what such a call finds out (a connect that
/// fails at once, a peer that is gone) is told later, in the loop's next turn. `token` is the owner's own name of the
/// connection.
package protocol EventHandler: AnyObject {
    /// A connection was accepted. The owner adds the descriptor to this loop, hands it to another, or drops it.
    ///
    /// - Parameter listener: the tag given to `listen`.
    func accepted(_ descriptor: consuming Descriptor, listener: Int, peer: SocketAddress)

    /// Accepting stands still for `EventLoop.acceptPause` because descriptors or memory ran out (`error`, an `errno`).
    func acceptFailed(listener: Int, error: Int32)

    /// An outgoing connection stands.
    func connected(_ token: UInt64)

    /// An outgoing connection was not to be had (`error`, an `errno`). Its id is dead.
    func connectFailed(_ token: UInt64, error: Int32)

    /// Bytes came. They are valid during the call only, and the owner takes all of them.
    func received(_ token: UInt64, _ bytes: RawSpan)

    /// The peer has ended its sending; it may still receive. Nothing follows but `closed`, should the connection break.
    ///
    /// - Returns: whether the owner still sends, and closes the connection itself; else `closed` follows at once.
    func inputEnded(_ token: UInt64) -> Bool

    /// More than `LoopOptions.highWater` bytes wait to be sent: the owner should stop what feeds this connection.
    func backlogged(_ token: UInt64)

    /// No more than `LoopOptions.lowWater` bytes wait to be sent, after there were more than `highWater`. Where that
    /// lasted for less than a turn it was not told with `backlogged`.
    func drained(_ token: UInt64)

    /// The connection is gone and its id is dead: the peer ended it, and `inputEnded` was answered so (`error` 0), or
    /// it broke (`error`, an `errno`).
    /// What was not sent is dropped. Not told of a connection that the owner closed.
    func closed(_ token: UInt64, error: Int32)

    /// The loop's bell was rung: the owner's mailboxes may hold something.
    func mailArrived()

    /// The time asked for with `wake(at:)` has come.
    func tick(_ now: UInt64)

    /// All events of one batch have been told: the owner sends what it has gathered for each connection now.
    func turnEnded(_ now: UInt64)
}
