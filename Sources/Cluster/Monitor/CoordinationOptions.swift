/// How this proxy agrees with others. Setting `coordination = etcd`.
package struct CoordinationOptions: Sendable {
    package var etcd: EtcdOptions
    package var rules: CoordinationRules
    /// What people call this proxy: host and port.
    package var name: String
    /// Workers look at it before they write.
    package var lease: WriteLease

    package init(etcd: EtcdOptions, rules: CoordinationRules, name: String, lease: WriteLease) {
        self.etcd = etcd
        self.rules = rules
        self.name = name
        self.lease = lease
    }
}
