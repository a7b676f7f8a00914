/// The portals that a client's Binds have made since there was none: of the last one its name and statement, of all of
/// them together what an Execute may do.
struct BoundPortals: BitwiseCopyable {
    /// A hash of the last Bind's portal; 0 is the unnamed one.
    private var name: UInt64 = 0
    /// The statement of the last Bind, with a reference; none where it is not known.
    private(set) var last = StatementID.none
    /// One of them may change the session.
    private(set) var mayChangeSession = false
    /// One of them may be COPY FROM STDIN, or nothing is known of it.
    private(set) var mayCopyIn = false

    /// Whether a portal of this name's hash is the last Bind's.
    @inline(__always)
    func isLast(named hash: UInt64) -> Bool { hash == name }

    /// A Bind is sent.
    /// - Parameter hash: of the portal's name; 0 for the unnamed one.
    @inline(__always)
    mutating func bind(named hash: UInt64) { name = hash }

    mutating func mayChange() { mayChangeSession = true }

    mutating func mayCopy() { mayCopyIn = true }

    /// - Parameter statement: with a reference.
    /// - Returns: the statement before, whose reference is to be given back.
    @inline(__always)
    mutating func setLast(_ statement: StatementID) -> StatementID {
        defer { last = statement }
        return last
    }

    /// Whether anything is to be done when no portal is there any more.
    @inline(__always)
    var mustBeForgotten: Bool { mayChangeSession || mayCopyIn }

    /// They have gone with their transaction.
    /// - Returns: as `setLast(_:)`.
    mutating func forget() -> StatementID {
        mayChangeSession = false
        mayCopyIn = false
        return setLast(.none)
    }
}
