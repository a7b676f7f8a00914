/// How many bytes a node may send over a connection of the control plane. libpq keeps all of an answer until it is
/// complete, so without a bound one node could fill the memory of the proxy.
///
/// In memory an answer is a few times as large as on the wire: a NULL of four bytes takes sixteen.
struct AnswerLimit: Sendable {
    enum Span: Sendable {
        /// Counted anew with each statement that is sent.
        case question
        /// For all that is asked, logging in included.
        case connection
    }

    let bytes: Int
    let span: Span

    /// A check tells some hundred bytes, but for the history of a timeline, of which up to 1 MB is asked for.
    static let check = AnswerLimit(bytes: 2 << 20, span: .question)
    /// What a command or a switchover asks for is a setting at most.
    static let command = AnswerLimit(bytes: 1 << 20, span: .question)
    /// A hundred bytes for each role and each database, of which there may be hundreds of thousands.
    static let logins = AnswerLimit(bytes: 32 << 20, span: .question)
    /// A look at a catalog keeps all that it has been told: functions and relations, by the million.
    static let catalog = AnswerLimit(bytes: 128 << 20, span: .connection)
}
