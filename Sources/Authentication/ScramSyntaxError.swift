/// What is wrong with a SCRAM message, in words for the one who sent it.
enum ScramSyntaxError: Error, Hashable {
    /// Not a message of RFC 5802's grammar.
    case malformed(String)
    /// In the grammar, but asks for what is not supported here (nor by PostgreSQL).
    case unsupported(String)
}
