/// What a statement creates in the session's temporary schema.
package enum TemporaryKind: Sendable {
    case table
    case view
    case sequence
}
