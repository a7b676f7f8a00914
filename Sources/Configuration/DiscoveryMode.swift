/// How nodes that are not in the configuration are found.
package enum DiscoveryMode: String, CaseIterable, Sendable {
    case none
    case replication
    case patroni
}
