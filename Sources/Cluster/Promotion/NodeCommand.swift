import ProxyCore

/// Something that a node is told to do, over a connection of its own. `NodeCommandScript` has its statements, and
/// `NodeCommandRun` sends them.
package enum NodeCommand: Sendable, Equatable {
    /// `pg_promote()`, waiting so many seconds. `within`: not if more seconds than that have passed, by the node's
    /// clock, since it was asked for its clock. So nothing is promoted by a process that was stopped between having the
    /// right to and using it.
    case promote(seconds: Int, within: Int? = nil)
    /// Stream from this address. `onlyFrom`: where `primary_conninfo` names one of these as yet; nil: whatever it
    /// names.
    case follow(NodeAddress, onlyFrom: [NodeAddress]? = nil)
    /// Have a physical replication slot of this name.
    case provideSlot(String)

    var isPromotion: Bool {
        if case .promote = self { true } else { false }
    }

    /// Where a replica is to stream from, by a command that points it there.
    var target: NodeAddress? {
        if case .follow(let address, _) = self { address } else { nil }
    }
}
