import Bytes
import PostgresWire

/// What one simulated client sends, turn by turn, and what a PostgreSQL of its own answers to it.
package struct ClientScript {
    package struct Turn {
        package var bytes: [UInt8]
        /// Whether the client reads all replies to what it has sent before it goes on.
        package var waits: Bool
        /// In words, for messages.
        package var text: String
        /// Messages that the client will have received when everything up to here is answered.
        package var expected = 0
        /// Whether a cancel request is sent while it runs.
        package var isCancelled = false

        /// Whether a statement in it writes and looks like a read.
        var writesHidden: Bool { String(decoding: bytes, as: UTF8.self).contains("hidden_write") }

        /// The values that it writes.
        func values(of owner: String) -> [String] {
            String(decoding: bytes, as: UTF8.self).matches(of: /[a-z0-9]+w[0-9]+/).map { String($0.0) }
                .filter { $0.hasPrefix(owner + "w") }
        }
    }

    /// How the client leaves.
    package enum Farewell: Sendable, Equatable {
        /// With Terminate, once all is answered.
        case terminates
        /// With Terminate in one packet with its last turn; it reads what comes until the proxy has closed.
        case terminatesAtOnce
        /// Shuts its sending side behind its last turn, and reads what comes until the proxy has closed.
        case shuts
        /// Terminate in one packet with its last turn, and closes without reading what is still to come.
        case closes
        /// Its connection breaks behind this turn, and what it sent last may be lost.
        case vanishes(after: Int)

        /// Whether all answers reach the client.
        var reads: Bool {
            switch self {
            case .terminates, .terminatesAtOnce, .shuts: true
            case .closes, .vanishes: false
            }
        }
    }

    package let owner: String
    package internal(set) var turns: [Turn] = []
    /// The replies, notices and parameter reports left out.
    package private(set) var replies: [WireMessage] = []
    /// How often each of its values is written where nothing goes wrong.
    package private(set) var commits: [String: Int] = [:]
    package internal(set) var farewell = Farewell.terminates
    package internal(set) var isCancelling = false

    package var parameters: [StartupPacket.Parameter] {
        [
            .init(name: "user", value: "app"), .init(name: "database", value: "app"),
            .init(name: "app.owner", value: owner), .init(name: "application_name", value: owner),
        ]
    }

    init(owner: String) { self.owner = owner }

    package static func isCompared(_ message: WireMessage) -> Bool {
        message.letter != "S" && message.letter != "N"
    }

    /// Asks a PostgreSQL that serves nobody else.
    mutating func fillReplies() {
        let store = ModelStore()
        store.now = .max
        let session = ModelSession(
            node: 0,
            processID: 1,
            key: [0, 0, 0, 1],
            store: store,
            checksOwners: false
        )
        var builder = MessageBuilder()
        builder.startup(.v3_0, parameters)
        session.receive(builder.bytes)
        _ = session.takeOutput()
        for index in turns.indices {
            session.receive(turns[index].bytes)
            session.flush()
            replies += WireMessage.all(in: session.takeOutput()).filter(Self.isCompared)
            turns[index].expected = replies.count
        }
        commits = store.commits
        store.forgetSessions()
    }
}
