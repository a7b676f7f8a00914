import Configuration
import Glibc
import ProxyServer

/// `howdah run`: reads the configuration, takes clients, and ends on a signal.
enum RunCommand {
    private struct Arguments {
        var file: String?
        var nodes: [String] = []
    }

    private struct ArgumentError: Error {
        let text: String
    }

    /// What transactions under way get to end in, after SIGTERM or SIGINT.
    private static let grace = Duration.seconds(30)

    /// - Returns: the exit status: 0 after a signal, 2 for wrong arguments or settings, 1 where the proxy could not
    ///   start.
    static func run(_ arguments: [String]) -> Int32 {
        let signals = RunSignals()
        do {
            let parsed = try parse(arguments)
            let source = ConfigurationSource(
                file: parsed.file,
                environment: ProcessEnvironment.current,
                nodes: parsed.nodes
            )
            let proxy = try ProxyServer(source.load(), from: source)
            serve(proxy, until: signals)
            return 0
        } catch let error as ArgumentError {
            complain(error.text + "\n" + "Try 'howdah --help'.")
            return 2
        } catch let error as ConfigurationError {
            complain(error.description)
            return 2
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private static func serve(_ proxy: ProxyServer, until signals: RunSignals) {
        while true {
            switch signals.wait() {
            case .stop: return proxy.stop(grace: grace)
            case .stopAtOnce: return proxy.stop(grace: .zero)
            case .reload: proxy.reload()
            }
        }
    }

    private static func complain(_ text: String) {
        howdah.write("howdah: \(text)\n", to: STDERR_FILENO)
    }

    private static func parse(_ arguments: [String]) throws -> Arguments {
        var parsed = Arguments()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let isLong = argument.hasPrefix("--")
            let option = isLong ? parts[0] : argument
            guard ["-c", "--config", "--node"].contains(option) else {
                throw ArgumentError(text: "unknown argument '\(argument)'")
            }
            guard let value = isLong && parts.count == 2 ? parts[1] : rest.popFirst() else {
                throw ArgumentError(text: "\(option) wants a value")
            }
            if option == "--node" {
                parsed.nodes.append(value)
            } else if parsed.file == nil {
                parsed.file = value
            } else {
                throw ArgumentError(text: "\(option) is given twice")
            }
        }
        return parsed
    }
}
