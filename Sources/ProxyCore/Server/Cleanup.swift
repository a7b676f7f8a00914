/// What must be done to a server before another client may have it.
enum Cleanup: UInt8, BitwiseCopyable, Comparable {
    case none
    /// DISCARD ALL: something may have been changed that is not known.
    case discardAll

    static func < (left: Cleanup, right: Cleanup) -> Bool { left.rawValue < right.rawValue }
}
