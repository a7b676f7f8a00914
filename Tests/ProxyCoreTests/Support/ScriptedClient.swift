import PostgresWire
import ProxySimulation

@testable import ProxyCore
import Testing

/// An application, as the script has it.
final class ScriptedClient: ScriptedPeer {
    /// The last byte of an answer to a request for encryption.
    private var awaitsEncryption = false
    private(set) var key: (processID: UInt32, secret: [UInt8])?

    override func words(for message: WireMessage) -> String {
        if message.letter == "K" {
            var reader = BodyReader(message.body)
            key = (UInt32(bitPattern: Int32(reader.int32())), Array(message.body[4...]))
        }
        return message.asBackend
    }

    override func takeUntyped(_ bytes: inout [UInt8]) {
        guard awaitsEncryption, let answer = bytes.first else { return }
        bytes.removeFirst()
        awaitsEncryption = false
        note("Encryption \(Character(Unicode.Scalar(answer)))")
    }

    /// In one piece, all messages together.
    func sends(_ words: String...) {
        sends(bytes: words.flatMap { WireMessage(frontend: $0).bytes })
    }

    func sendsStartup(_ version: ProtocolVersion, _ parameters: [(String, String)]) {
        var builder = MessageBuilder()
        builder.startup(version, parameters.map { .init(name: $0.0, value: $0.1) })
        sends(bytes: builder.bytes)
    }

    /// SSLRequest (5679) or GSSENCRequest (5680).
    func asksForEncryption(_ code: Int32) {
        awaitsEncryption = true
        var builder = MessageBuilder()
        builder.untyped { $0.int32(1234 << 16 | code) }
        sends(bytes: builder.bytes)
    }

    /// Sends a cancel request with its key, over a connection of its own, which is returned.
    @discardableResult
    func cancels(key secret: [UInt8]? = nil, sourceLocation: SourceLocation = #_sourceLocation) -> ScriptedPeer {
        guard let key else {
            Issue.record("the client has no key", sourceLocation: sourceLocation)
            return self
        }
        var builder = MessageBuilder()
        builder.cancelRequest(processID: key.processID, key: secret ?? key.secret)
        let other = talk.connect()
        other.sends(bytes: builder.bytes)
        #expect(
            other.isClosed || talk.engine.processes.waitingCancels > 0,
            "a cancel request's connection is closed when there is nothing to wait for",
            sourceLocation: sourceLocation
        )
        return other
    }

    /// Checks that an error was all that came, then ReadyForQuery if `ready` says so.
    /// - Returns: the error, for a look at its detail and hint.
    @discardableResult
    func getsError(
        _ words: String,
        ready: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> WireMessage? {
        talk.settle()
        #expect(received == [words] + (ready.map { ["Ready \($0)"] } ?? []), sourceLocation: sourceLocation)
        defer { forget() }
        return messages.first { $0.letter == "E" }
    }
}
