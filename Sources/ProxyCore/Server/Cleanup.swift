/// What must be done to a server before another client may have it.
enum Cleanup: UInt8, BitwiseCopyable, Comparable {
    case none
    /// UNLISTEN *: the clients that listened are served by the listening server.
    case unlisten
    /// DISCARD ALL: something may have been changed that is not known.
    case discardAll

    static func < (left: Cleanup, right: Cleanup) -> Bool { left.rawValue < right.rawValue }
}
