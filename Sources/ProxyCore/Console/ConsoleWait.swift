/// A command of the console's that is not done yet: its client gets no further until it is.
struct ConsoleWait {
    enum Subject {
        /// PAUSE, until nothing runs.
        case pause(database: String?)
        case switchover
    }

    let subject: Subject
    var verb: ConsoleVerb {
        switch subject {
        case .pause: .pause
        case .switchover: .switchover
        }
    }

    /// Sent as a Query: ReadyForQuery is part of the answer.
    let isQuery: Bool
}
