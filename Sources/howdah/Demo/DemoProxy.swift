import Configuration
import ProxyServer

/// The proxy that the demo shows: everybody on this machine may come in, and settings can still be given by the
/// environment.
struct DemoProxy: RunningProxy {
    private let server: ProxyServer
    var port: UInt16 { server.port }

    /// - Parameters:
    ///   - nodes: connection strings.
    ///   - port: on 127.0.0.1; 0 takes any free one.
    init(nodes: [String], port: UInt16) throws {
        var environment = ProcessEnvironment.current
        for (name, value) in [
            "HOWDAH_AUTH_TYPE": "trust", "HOWDAH_MONITOR_USER": "postgres", "HOWDAH_LOG_LEVEL": "warning",
            "HOWDAH_ADMIN_USERS": "app",
        ] where environment[name] == nil {
            environment[name] = value
        }
        environment["HOWDAH_LISTEN_ADDRESSES"] = "127.0.0.1"
        environment["HOWDAH_LISTEN_PORT"] = String(port)
        let source = ConfigurationSource(file: nil, environment: environment, nodes: nodes)
        server = try ProxyServer(source.load(), from: source)
    }

    func stop() { server.stop(grace: .zero) }
}
