extension SettingTable {
    static let discovery: [SettingDefinition] = [
        SettingDefinition(
            .discover,
            .discovery,
            proxyOnly,
            choice(DiscoveryMode.self),
            default: "none",
            .restart,
            """
            How nodes that are not given here are found. none: not at all. replication: the primary is asked who streams from it. \
            patroni: Patroni is asked at patroni_urls.
            """
        ),
        SettingDefinition(
            .discoverPort,
            .discovery,
            proxyOnly,
            .integer(0...65_535),
            default: "0",
            .reload,
            """
            discover = replication: the port of replicas whose application_name is not of the form host:port or :port. 0: the \
            primary's.
            """
        ),
        SettingDefinition(
            .discoverForget,
            .discovery,
            proxyOnly,
            boundedWait,
            default: "10s",
            .reload,
            "A node that was found and is listed no more is let go after this long. Nodes that are given here never are."
        ),
        SettingDefinition(
            .maxNodes,
            .discovery,
            proxyOnly,
            .integer(1...256),
            default: "32",
            .reload,
            "No node is taken in beyond this many."
        ),
        SettingDefinition(
            .patroniURLs,
            .discovery,
            proxyOnly,
            .list,
            default: "",
            .reload,
            "discover = patroni: REST APIs of members, the first that answers is enough; those of other members are learnt from it."
        ),
        SettingDefinition(
            .patroniCAFile,
            .discovery,
            proxyOnly,
            .text,
            default: "",
            .reload,
            """
            Certificates in PEM form that Patroni's https:// is checked against, a path as seen from this file. Empty: the system's.
            """
        ),
    ]
}
