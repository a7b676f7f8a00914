import StatementRouting

/// What LISTEN and UNLISTEN do to the channels of a session, once their transaction has committed.
enum ChannelChange: Equatable {
    case listen(Channel)
    case unlisten(Channel)
    case unlistenAll

    init?(_ command: SessionCommand) {
        switch command {
        case .listen(let name): self = .listen(Channel(name))
        case .unlisten(let name?): self = .unlisten(Channel(name))
        case .unlisten(nil): self = .unlistenAll
        default: return nil
        }
    }
}
