/// A type that calls a volatile function without naming it: a domain by its CHECK, another by a cast that leads to it.
package struct TypeRow: Sendable, Equatable {
    package let schema: String
    package let name: String
}
