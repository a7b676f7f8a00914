/// A text that a client of the console has sent.
enum ConsoleStatement {
    /// Nothing but space and semicolons.
    case empty
    case command(ConsoleCommand)

    init?(_ text: String) {
        if let command = ConsoleCommand(text) {
            self = .command(command)
        } else if text.allSatisfy({ $0.isWhitespace || $0 == ";" }) {
            self = .empty
        } else {
            return nil
        }
    }

    /// nil where there is no result set.
    var columns: [String]? {
        switch self {
        case .empty: nil
        case .command(let command): command.verb.columns
        }
    }
}
