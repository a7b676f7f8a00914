import PostgresWire
import ProxySimulation

/// A connection that brings a cancel request to a node. The node closes it when the script says so.
final class ScriptedCancel: ScriptedPeer {
    let node: Int
    /// Whose statement is to be cancelled, by the request that has come.
    private(set) var request: (processID: UInt32, key: [UInt8])?

    init(_ talk: Conversation, _ link: Link, node: Int) {
        self.node = node
        super.init(talk, link)
    }

    override func takeUntyped(_ bytes: inout [UInt8]) {
        guard bytes.count >= 16, case .cancel(let processID, let key)? = try? StartupPacket(bytes.span.bytes) else {
            return
        }
        request = (processID, key)
        bytes.removeAll()
    }

    func asks(for server: ScriptedServer) -> Bool {
        request?.processID == server.processID && request?.key ?? [] == server.key
    }
}
