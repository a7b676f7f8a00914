import ProxySimulation
import Testing

/// One end of a connection whose other end is the engine's.
class ScriptedPeer {
    unowned let talk: Conversation
    let link: Link
    /// What has come since the last look, in words.
    private(set) var received: [String] = []
    private(set) var messages: [WireMessage] = []
    var isClosed = false
    /// Whether it reads what the engine sends.
    var reads = true
    private var incoming: [UInt8] = []

    init(_ talk: Conversation, _ link: Link) {
        self.talk = talk
        self.link = link
    }

    /// The words for a message that the engine has sent.
    func words(for message: WireMessage) -> String { preconditionFailure("what a peer reads is its own business") }

    /// Whether a message is answered at once and is not part of the script.
    func answersByItself(_ words: String) -> Bool { false }

    /// Takes what is not a message off the front of the bytes.
    func takeUntyped(_ bytes: inout [UInt8]) {}

    func take(_ bytes: [UInt8]) {
        incoming += bytes
        takeUntyped(&incoming)
        while let message = WireMessage.take(from: &incoming) {
            let words = words(for: message)
            if answersByItself(words) { continue }
            messages.append(message)
            received.append(words)
        }
    }

    func note(_ words: String) { received.append(words) }

    func forget() {
        received = []
        messages = []
    }

    /// Checks all that has come since the last look.
    func gets(_ expected: String..., sourceLocation: SourceLocation = #_sourceLocation) {
        gets(words: expected, sourceLocation: sourceLocation)
    }

    func gets(words expected: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        talk.settle()
        #expect(received == expected, sourceLocation: sourceLocation)
        forget()
    }

    func getsNothing(sourceLocation: SourceLocation = #_sourceLocation) {
        talk.settle()
        #expect(received.isEmpty, sourceLocation: sourceLocation)
        forget()
    }

    func sends(bytes: [UInt8]) {
        link.toEngine += bytes
        talk.settle()
    }

    /// Its connection breaks.
    func vanishes(_ reason: String = "connection reset") { talk.disconnect(self, reason: reason) }

    /// It sends no more, and still reads.
    func endsSending() { talk.endInput(self) }

    /// It begins to read, after `reads` was false.
    func readsAgain() {
        reads = true
        talk.settle()
    }
}
