/// How several proxies agree which of them promotes a replica.
package enum Coordination: String, CaseIterable, Sendable {
    case none
    case etcd
}
