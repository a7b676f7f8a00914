import Authentication
import Configuration
import EventIO
import Glibc
import ProxyCore

/// All of a worker that can be set: plain data, handed in at the start and again with each reload.
struct WorkerSettings: Sendable {
    let engine: EngineConfiguration
    let loop: LoopOptions
    let credentials: CredentialStore
    let logConnections: Bool
    /// What SHOW CONFIG tells.
    let listing: [ListedSetting]

    /// Reads auth_file.
    init(_ configuration: Configuration) throws(ProxyStartError) {
        let proxy = configuration.proxy
        engine = EngineSettings.engineConfiguration(configuration)
        loop = EngineSettings.loopOptions(proxy)
        credentials = try Self.credentials(proxy)
        logConnections = proxy.logConnections
        listing = configuration.listing.map {
            ListedSetting(
                key: $0.name,
                value: $0.value,
                defaultValue: $0.defaultValue,
                isChangeable: $0.change == .reload
            )
        }
    }

    private static func credentials(_ proxy: ProxySettings) throws(ProxyStartError) -> CredentialStore {
        guard let path = proxy.authFile else { return .empty }
        guard let text = FileContents.read(path) else {
            throw ProxyStartError("could not read auth_file \"\(path)\": \(String(cString: strerror(errno)))")
        }
        do {
            return try CredentialStore(parsing: text)
        } catch {
            throw ProxyStartError("auth_file \"\(path)\": \(error)")
        }
    }
}
