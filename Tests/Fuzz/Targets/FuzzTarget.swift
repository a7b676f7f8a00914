import Authentication
import Bytes
import Configuration
import Glibc
import PostgresWire
import ProxySimulation
import ProxyTerms
import StatementRouting

/// Something that takes bytes from outside, to be given any. It may refuse them; it may not trap, and what it takes
/// must hold together.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Headers of messages, of either side.
    case framing
    /// The first packet of a connection, and what follows it while somebody logs in.
    case startup
    /// Texts: lexer, normalizer, class, session commands.
    case statement
    /// SCRAM and MD5 messages, of clients and of servers.
    case authentication
    case configuration
    /// Conversations with something wrong in them: see `HostileCase`.
    case engine

    /// - Returns: what does not hold, in words.
    package func run(_ bytes: [UInt8]) -> String? {
        switch self {
        case .framing: return frame(bytes)
        case .startup: return startUp(bytes)
        case .statement: return classify(bytes)
        case .authentication: return authenticate(bytes)
        case .configuration: return configure(bytes)
        case .engine: return HostileWorld(HostileCase(bytes: bytes)).run()
        }
    }

    private func frame(_ bytes: [UInt8]) -> String? {
        let span = bytes.span.bytes
        for offset in 0...bytes.count {
            let frames = [
                Frame(ofClient: span, at: offset, limit: 1 << 20), Frame(ofServer: span, at: offset),
                Frame(ofPassword: span.extracting(offset..<bytes.count), limit: 1000),
            ]
            for frame in frames {
                guard case .message(let header) = frame else { continue }
                if header.size < MessageHeader.byteCount { return "a message of \(header.size) bytes at \(offset)" }
            }
            if let whole = Frame.whole(ofClient: span, at: offset, before: bytes.count),
                offset + whole.size > bytes.count
            {
                return "a whole message beyond the end at \(offset)"
            }
        }
        _ = ErrorFields.sqlState(in: span)
        _ = ErrorFields.isFatal(span)
        return nil
    }

    private func startUp(_ bytes: [UInt8]) -> String? {
        let span = bytes.span.bytes
        if let length = try? StartupPacket.length(of: span, limit: 10_000), length <= bytes.count {
            _ = try? StartupPacket(span.extracting(0..<length))
        }
        return HostileWorld.startUp(bytes)
    }

    private func classify(_ bytes: [UInt8]) -> String? {
        let span = bytes.span.bytes
        for conforming in [true, false] {
            let classifier = StatementClassifier(cacheBytes: 1 << 16, seed: 1)
            let context = ClassificationContext(
                facts: .builtin,
                searchPath: nil,
                standardConformingStrings: conforming
            )
            let first = classifier.classify(span, in: context)
            if classifier.classify(span, in: context) != first { return "a text has two classes" }
            for command in SessionCommands.parse(span, standardConformingStrings: conforming) ?? []
            where command.range.upperBound > bytes.count {
                return "a command beyond the text"
            }
            if let reference = PreparedReference.find(in: span, standardConformingStrings: conforming),
                reference.range.upperBound > bytes.count
            {
                return "a name beyond the text"
            }
            classifier.correct(span, in: context)
        }
        if let body = SessionCommands.explainRouteBody(span), body.upperBound > bytes.count {
            return "a body beyond the text"
        }
        return nil
    }

    /// Pieces of the bytes, each behind its length in one byte.
    private func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while let size = rest.popFirst(), pieces.count < 8 {
            pieces.append(Array(rest.prefix(Int(size))))
            rest = rest.dropFirst(Int(size))
        }
        return pieces
    }

    private func authenticate(_ bytes: [UInt8]) -> String? {
        let nonce = ScramNonce(entropy: [1, 2, 3, 4, 5, 6, 7, 8])
        let user = Array("user0".utf8)
        guard let store = try? CredentialStore(parsing: Array("\"user0\" \"secret\"\n".utf8)) else { return "no store" }
        _ = try? CredentialStore(parsing: bytes)
        for method in [AuthenticationMethod.scramSHA256, .md5] {
            var client = ClientAuthenticator(
                user: user,
                method: method,
                lookup: store.lookup(user),
                salt: 7,
                nonce: nonce,
                serverSecret: store.serverSecret,
                channelBinding: .none
            )
            var step = client.start()
            for piece in pieces(bytes) {
                if case .authenticated = step { return "let in by chance" }
                step = client.receive(piece)
            }
        }
        guard let credential = store.credential(for: user) else { return "no credential" }
        var server = ServerAuthenticator(
            user: user,
            login: .credential(credential),
            nonce: nonce,
            channelBinding: .none,
            cleartextPolicy: .refuse
        )
        for piece in pieces(bytes) {
            if let request = try? AuthenticationRequest.decode(body: piece) { _ = server.receive(request) }
        }
        return nil
    }

    private func configure(_ bytes: [UInt8]) -> String? {
        let path = "/tmp/howdah-fuzz-\(getpid())"
        guard let file = fopen(path, "w") else { return "could not write \(path)" }
        defer { unlink(path) }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        let text = String(decoding: bytes, as: UTF8.self)
        for (file, environment, nodes): (String?, [String: String], [String]) in [
            (path, [:], ["host=a"]), (nil, ["HOWDAH_NODES": text], []), (nil, [:], [text]),
        ] {
            do throws(ConfigurationError) {
                let configuration = try Configuration.load(file: file, environment: environment, nodes: nodes)
                _ = configuration.pools.options(database: "a", user: "b")
            } catch {
                if error.problems.isEmpty { return "refused for no reason" }
            }
        }
        return nil
    }
}
