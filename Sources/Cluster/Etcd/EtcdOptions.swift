/// Where etcd is, and how this cluster's keys are named.
package struct EtcdOptions: Sendable {
    /// Of any members: `http://host:2379`. One that answers is enough. Setting `etcd_urls`.
    package var urls: [String]
    /// All keys begin with it: settings `etcd_prefix` and `etcd_scope`. Ends with a slash.
    package var prefix: String
    /// Setting `etcd_ca_file`: certificates in PEM form for `https://`; nil: the system's.
    package var certificates: String?
    /// Settings `etcd_user` and `etcd_password`; nil: nobody logs in.
    package var user: String?
    package var password: String
    /// For one URL.
    package var timeout: Duration

    package init(
        urls: [String],
        prefix: String,
        certificates: String? = nil,
        user: String? = nil,
        password: String = "",
        timeout: Duration = .seconds(2)
    ) {
        self.urls = urls
        self.prefix = prefix
        self.certificates = certificates
        self.user = user
        self.password = password
        self.timeout = timeout
    }
}
