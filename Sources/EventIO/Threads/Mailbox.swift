import Synchronization

/// Messages from any thread to a loop's owner, in the order in which they were posted; one ring of the bell a burst.
package final class Mailbox<Message: Sendable>: Sendable {
    private let waiting = Mutex<[Message]>([])
    private let bell: Bell

    /// - Parameter bell: the bell of the loop whose owner empties the mailbox.
    package init(bell: Bell) { self.bell = bell }

    /// Leaves a message. From any thread.
    package func post(_ message: Message) {
        let isFirst = waiting.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        // Whoever finds the box empty rings; the others know that the loop has yet to come for what they add.
        if isFirst { bell.ring() }
    }

    /// Everything that has been posted since the last call. The owner calls it from `mailArrived`.
    package func takeAll() -> [Message] {
        waiting.withLock { messages in
            var taken: [Message] = []
            swap(&taken, &messages)
            return taken
        }
    }
}
