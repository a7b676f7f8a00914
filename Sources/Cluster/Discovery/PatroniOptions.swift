/// Where Patroni is asked, and how often.
package struct PatroniOptions: Sendable {
    /// Of any members' REST APIs: `http://host:8008`. One that answers is enough. Setting `patroni_urls`.
    package var urls: [String]
    /// Certificates in PEM form for `https://`; nil: the system's. Setting `patroni_ca_file`.
    package var certificates: String?
    /// Between two requests.
    package var interval: Duration
    /// The same while there is no primary.
    package var urgentInterval: Duration
    /// For one URL.
    package var timeout: Duration

    package init(
        urls: [String],
        certificates: String? = nil,
        interval: Duration = .seconds(1),
        timeout: Duration = .seconds(3)
    ) {
        self.urls = urls
        self.certificates = certificates
        self.interval = interval
        urgentInterval = min(interval, .milliseconds(200))
        self.timeout = timeout
    }
}
