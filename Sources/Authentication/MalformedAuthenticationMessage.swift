/// An authentication message that is not as PostgreSQL documentation, 55.7, has it.
package struct MalformedAuthenticationMessage: Error, Sendable, Hashable {
    /// What is wrong with it.
    package let detail: String

    init(_ detail: String) {
        self.detail = detail
    }
}
