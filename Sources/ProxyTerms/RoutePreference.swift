/// Where a session, a pool or a hint wants statements to run. Setting `route`, at the start of a session.
@usableFromInline
package enum RoutePreference: String, CaseIterable, Sendable {
    /// Where the class of each statement sends it.
    case auto
    case primary
    case replica

    /// Compares the cases. What the standard library has for enums with a raw value would compare the words.
    @inlinable
    package static func != (left: Self, right: Self) -> Bool { !(left == right) }
}
