import Cluster
import Configuration
import Glibc

extension CoordinationOptions {
    /// - Parameter port: that this proxy listens on, for its name.
    init(_ proxy: ProxySettings, lease: WriteLease, port: UInt16) {
        let settings = proxy.coordination
        let timeout = Duration.milliseconds(max(500, settings.seconds * 1_000 / 6))
        self.init(
            etcd: EtcdOptions(
                urls: settings.urls,
                prefix: settings.prefix,
                certificates: settings.caFile,
                user: settings.user,
                password: settings.password?.reveal() ?? "",
                timeout: timeout
            ),
            rules: CoordinationRules(seconds: settings.seconds),
            name: "\(Self.hostName()):\(port)",
            lease: lease
        )
    }

    private static func hostName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "proxy" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
