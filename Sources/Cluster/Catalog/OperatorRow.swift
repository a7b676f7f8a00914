/// An operator whose function is volatile: a use of it calls that function without naming it.
package struct OperatorRow: Sendable, Equatable {
    package let schema: String
    /// Such as `+`.
    package let name: String
}
