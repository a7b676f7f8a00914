import Bytes
import PostgresWire
import StatementRouting

/// currval and lastval answer from the memory of the server's session (PostgreSQL documentation, 9.17): a client must
/// get what it has used itself, and nobody else's.
///
/// Nothing is done for pools in which nobody asks, but to remember who used a server last. Once somebody has asked,
/// whoever moves a sequence there keeps its server.
extension Engine {
    /// A batch that may not only read is about to be sent: sees to it that what it may ask for is the client's own.
    @inline(__always)
    func followSequences(_ client: ClientPointer, _ server: ServerPointer, _ plan: BatchPlan) {
        if plan.access == .read && plan.extent == .whole { return }
        followSequenceUse(client, server, plan)
    }

    private func followSequenceUse(_ client: ClientPointer, _ server: ServerPointer, _ plan: BatchPlan) {
        guard !server.pointee.isReplica else { return }
        let handle = client.pointee.handle
        let pool = server.pointee.pool
        let asks = plan.effects.contains(.sequenceRead)
        let mayMove = plan.extent != .whole || plan.effects.meets(.mayMoveSequence)
        if asks { pool.pointee.asksForSequences = true }
        if asks || mayMove && pool.pointee.asksForSequences, !server.pointee.sequences.isFree(for: handle) {
            forgetSequences(client, server)
        }
        // What the facts do not know of must not pass for the client's own later: whatever may write counts.
        if !asks || mayMove { server.pointee.sequences.mayMove(handle) }
        if mayMove || servers[client.pointee.sequenceServer]?.pointee.sequences.isOf(handle) != true {
            client.pointee.sequenceServer = server.pointee.handle
        }
    }

    private func forgetSequences(_ client: ClientPointer, _ server: ServerPointer) {
        // A failed transaction refuses it, and the question as well.
        if server.pointee.conversation.status == .failed { return }
        if server.pointee.conversation.status == .idle, client.pointee.outstanding == 0 {
            injectInTransaction(server, "DISCARD SEQUENCES")
        } else {
            // It would end a transaction that is open, or about to be.
            inject(server, "DISCARD SEQUENCES", purpose: .settings)
        }
        server.pointee.sequences.reset()
    }

    /// The free server on which the client has used sequences, for a batch that asks for them.
    /// - Returns: whether there is one; then it is the client's.
    func takeSequenceServer(_ client: ClientPointer, _ pool: PoolPointer) -> Bool {
        guard let server = servers[client.pointee.sequenceServer], server.pointee.phase == .idle,
            server.pointee.pool == pool, server.pointee.node == primary, !pool.pointee.isPaused,
            server.pointee.sequences.isOf(client.pointee.handle),
            pool.pointee.nodes[server.pointee.node].take(server.pointee.handle)
        else { return false }
        assign(server, to: client)
        return true
    }

    /// Whether a statement makes its client keep the server: it moves a sequence where somebody asks, or asks for what
    /// the client has moved there.
    func pinsSequence(_ effects: SessionEffects, _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        guard server.pointee.pool.pointee.asksForSequences, !server.pointee.isReplica else { return false }
        if effects.meets(.mayMoveSequence) { return true }
        return effects.contains(.sequenceRead) && server.pointee.sequences.isOf(client.pointee.handle)
    }
}
