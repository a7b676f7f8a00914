/// The REST API that a URL leads to.
package enum PatroniURL {
    /// Scheme, host and port alone: members name their API as `http://host:8008/patroni`. Nil where it is no URL of
    /// HTTP.
    package static func base(of url: String) -> String? {
        for scheme in ["http://", "https://"] where url.hasPrefix(scheme) {
            let rest = url.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            return authority.isEmpty ? nil : scheme + authority
        }
        return nil
    }
}
