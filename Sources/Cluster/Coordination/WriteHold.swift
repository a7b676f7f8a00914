/// Why this proxy writes to no node although one is the primary.
package enum WriteHold: Sendable, Equatable {
    /// Without a lease the others need not wait for it. With why it has none, where that is known.
    case noLease(String?)
    /// An attempt names a node that this proxy does not have.
    case strangeNode(String, by: String)
    /// The only primary that is seen is on a timeline that has ended.
    case outdated(timeline: UInt32, candidate: String)
}

extension WriteHold: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noLease(let reason):
            "nothing is written without a lease in etcd, by which proxies agree on the primary (coordination, etcd_urls)"
                + (reason.map { ": \($0)" } ?? "")
        case .strangeNode(let node, let proxy):
            "proxy \(proxy) replaces node \(node), which is not among this proxy's nodes: give the nodes the same names in "
                + "all proxies that share etcd_scope"
        case .outdated(let timeline, let candidate):
            "it is on timeline \(timeline), which has ended by what proxies have agreed on: node \(candidate) was promoted in its "
                + "place; to go back on purpose, delete the key \"attempt\" of this etcd_scope in etcd"
        }
    }
}
