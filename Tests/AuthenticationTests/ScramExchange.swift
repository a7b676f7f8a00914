@testable import Authentication

/// Runs a SCRAM client against a SCRAM server, with someone between them who may change what passes.
struct ScramExchange {
    enum Message: CaseIterable {
        case clientFirst
        case serverFirst
        case clientFinal
        case serverFinal
    }

    var client: ScramClient
    var server: ScramServer
    var offered: [SaslMechanism] = [.scramSHA256]
    /// What each message is turned into on its way.
    var change: (Message, [UInt8]) -> [UInt8] = { $1 }

    struct Outcome {
        var clientVerified = false
        var serverKeys: ScramKeys?
        var clientFailure: ServerAuthenticationFailure?
        var serverFailure: AuthenticationFailure?
        var messages: [Message: [UInt8]] = [:]
    }

    func run() -> Outcome {
        var client = client
        var server = server
        var outcome = Outcome()
        func pass(_ message: Message, _ data: [UInt8]) -> [UInt8] {
            outcome.messages[message] = data
            return change(message, data)
        }

        var clientStep = client.start(offered: offered)
        while true {
            let toServer: [UInt8]
            switch clientStep {
            case .sendInitial(_, let data): toServer = pass(.clientFirst, data)
            case .send(let data): toServer = pass(.clientFinal, data)
            case .deriveKey(let request):
                clientStep = client.resume(saltedPassword: request.derive())
                continue
            case .verified:
                outcome.clientVerified = true
                return outcome
            case .fail(let failure):
                outcome.clientFailure = failure
                return outcome
            }
            var serverStep = server.receive(toServer)
            if case .deriveKey(let request) = serverStep {
                serverStep = server.resume(saltedPassword: request.derive())
            }
            switch serverStep {
            case .send(let data): clientStep = client.receiveContinue(pass(.serverFirst, data))
            case .finish(let data, let keys):
                outcome.serverKeys = keys
                clientStep = client.receiveFinal(pass(.serverFinal, data))
            case .fail(let failure):
                outcome.serverFailure = failure
                return outcome
            case .deriveKey: return outcome
            }
        }
    }
}
