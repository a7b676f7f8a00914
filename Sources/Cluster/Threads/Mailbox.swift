import Synchronization

/// What other threads tell one thread of the control plane, which sleeps in poll(2).
final class Mailbox<Message: Sendable>: Sendable {
    private struct Content {
        var messages: [Message] = []
        var isStopped = false
    }

    /// Rings for each message and for the stop.
    let bell = EventBell()
    private let content = Mutex(Content())

    func post(_ message: Message) {
        content.withLock { $0.messages.append(message) }
        bell.ring()
    }

    func stop() {
        content.withLock { $0.isStopped = true }
        bell.ring()
    }

    /// For a thread that is woken by the bell in the middle of something.
    var isStopped: Bool { content.withLock { $0.isStopped } }

    /// - Returns: all messages since the last call; nil once `stop` was called.
    func take() -> [Message]? {
        bell.answer()
        return content.withLock { content in
            if content.isStopped { return nil }
            defer { content.messages = [] }
            return content.messages
        }
    }
}
