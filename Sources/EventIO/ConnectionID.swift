import Bytes

/// A loop's own name of a connection. The name of a connection that has gone finds nothing, also after its slot has a
/// new tenant.
package struct ConnectionID: Hashable, Sendable, BitwiseCopyable {
    let handle: Handle

    init(_ handle: Handle) { self.handle = handle }

    /// Names no connection.
    package static let none = ConnectionID(.none)

    package var isNone: Bool { handle.isNone }

    /// For owners whose own records hold the name as a plain number.
    package var rawValue: UInt64 { handle.rawValue }

    package init(rawValue: UInt64) { handle = Handle(rawValue: rawValue) }
}
