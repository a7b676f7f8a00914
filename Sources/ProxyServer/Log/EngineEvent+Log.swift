import Configuration
import ProxyCore

extension EngineEvent {
    /// Whether it is told only with `log_connections`.
    var isAboutConnection: Bool {
        switch self {
        case .clientLoggedIn, .clientLeft, .serverReady: true
        case .clientRefused, .clientEnded, .serverFailed, .listeningServerLost, .classCorrected, .switchoverBegan,
            .switchoverEnded:
            false
        }
    }

    var level: LogLevel {
        switch self {
        case .clientLoggedIn, .clientLeft, .serverReady, .classCorrected, .switchoverBegan: .info
        case .switchoverEnded(_, _, let failure): failure == nil ? .info : .warning
        case .clientRefused, .clientEnded, .serverFailed, .listeningServerLost: .warning
        }
    }

    /// What makes lines of one kind, which the log sums up; nil: their text.
    var kind: String? {
        switch self {
        // Whoever is refused for the same reason, under whatever name.
        case .clientRefused(_, let reason): "client refused: \(Self.withoutNames(reason))"
        case .clientEnded(_, let reason): "client ended: \(reason)"
        // The names in it are those of clients, who may make them up.
        case .serverFailed(let node, _, _, let reason): "server of node \(node): \(Self.withoutNames(reason))"
        case .clientLoggedIn, .clientLeft, .serverReady, .listeningServerLost, .classCorrected,
            .switchoverBegan, .switchoverEnded:
            nil
        }
    }

    /// What stands in double quotes is left out.
    private static func withoutNames(_ text: String) -> String {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.enumerated().filter { $0.offset % 2 == 0 }.map { String($0.element) }.joined(separator: "\"\"")
    }

    private static func text(_ client: Client, _ what: String) -> String {
        let name = client.processID > 0 ? "client \(client.processID)" : "client"
        return "\(name) from \(client.address) \(what): user \(client.user), database \(client.database)"
    }

    func text(nodes: [Node]) -> String {
        switch self {
        case .clientLoggedIn(let client): Self.text(client, "logged in")
        case .clientRefused(let client, let reason): "\(Self.text(client, "refused")): \(reason)"
        case .clientEnded(let client, let reason): "\(Self.text(client, "ended")): \(reason)"
        case .clientLeft(let client, let reason): "\(Self.text(client, "left")): \(reason)"
        case .serverReady(let node, let database, let user, let processID):
            "server \(processID) on node \(nodes[node].name) ready: user \(user), database \(database)"
        case .serverFailed(let node, let database, let user, let reason):
            "no server on node \(nodes[node].name) for user \(user), database \(database): \(reason)"
        case .listeningServerLost(let database, let reason):
            "the server that listens for clients of database \(database) was lost: \(reason)"
        case .switchoverBegan(let from, let to):
            "SWITCHOVER from node \(nodes[from].name) to \(nodes[to].name): writes wait"
        case .switchoverEnded(_, let to, let failure):
            failure.map { "the switchover came to nothing: \($0)" }
                ?? "node \(nodes[to].name) is the primary: writes go on"
        case .classCorrected(let database, let statement):
            "a replica refused a read, which is a write from now on: database \(database): \(statement)"
        }
    }
}
