extension SettingTable {
    static let coordination: [SettingDefinition] = [
        SettingDefinition(
            .coordination,
            .failover,
            proxyOnly,
            choice(Coordination.self),
            default: "none",
            .restart,
            """
            failover = promote: how several proxies agree which of them promotes. none: there is only this one. etcd: by leases and keys \
            in etcd, set alike in all of them; without etcd nothing is written.
            """
        ),
        SettingDefinition(
            .etcdURLs,
            .failover,
            proxyOnly,
            .list,
            default: "",
            .restart,
            "coordination = etcd: client URLs of its members, such as http://etcd1.example.com:2379; one that answers is enough."
        ),
        SettingDefinition(
            .etcdScope,
            .failover,
            proxyOnly,
            .text,
            default: "",
            .restart,
            """
            coordination = etcd: a name for this PostgreSQL cluster, the same in all its proxies and in those of no other cluster.
            """
        ),
        SettingDefinition(
            .etcdPrefix,
            .failover,
            proxyOnly,
            .text,
            default: "/howdah",
            .restart,
            "What all keys in etcd begin with, before etcd_scope."
        ),
        SettingDefinition(
            .etcdTTL,
            .failover,
            proxyOnly,
            .duration(unit: .seconds, .seconds(3) ... .seconds(300), zeroDisables: false),
            default: "10s",
            .restart,
            """
            How long the lease in etcd is good for. Writes go on for two thirds of it when etcd is gone, and a proxy that is gone is waited \
            for as long before a replica is promoted.
            """
        ),
        SettingDefinition(
            .etcdUser,
            .failover,
            proxyOnly,
            .text,
            default: "",
            .restart,
            "User of etcd, with the right to read and write below etcd_prefix. Empty: nobody logs in."
        ),
        SettingDefinition(
            .etcdPassword,
            .failover,
            proxyOnly,
            .secret,
            default: "",
            .restart,
            "Its password."
        ),
        SettingDefinition(
            .etcdCAFile,
            .failover,
            proxyOnly,
            .text,
            default: "",
            .restart,
            "Certificates in PEM form that etcd's https:// is checked against, a path as seen from this file. Empty: the system's."
        ),
    ]
}
