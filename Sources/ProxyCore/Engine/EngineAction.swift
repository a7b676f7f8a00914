import Authentication

/// What the engine asks of the shell. Bytes to send are not here: they wait in each session's output and are fetched
/// with `takeOutput`.
package enum EngineAction {
    /// Open a connection to a node and say its transport with `attach`; then `connected` or `connectFailed` follows.
    case connect(PeerToken, node: Int)
    /// Close a connection; with `flush`, after what is queued has been sent.
    case close(TransportID, flush: Bool)
    case pause(TransportID)
    case resume(TransportID)
    /// Look up what is known of a user, as the start-up packet has its name, and say it with `credentialFound`.
    case lookUpCredential(PeerToken, user: [UInt8])
    /// Derive a key off the loop and say it with `keyDerived`.
    case deriveKey(PeerToken, SaltedPasswordRequest)
    /// A node refused a connection or said that it is shutting down: look at it now.
    case suspectNode(Int)
    /// A node that has left has no server any more: its slot may be given to another.
    case slotVacated(node: Int)
    /// The catalog facts of this database, by its name on the servers, are wanted from now on: `catalogLoaded` is the
    /// answer.
    case catalogWanted(database: String)
    case catalogUnwanted(database: String)
    /// A statement that may change what they say has run: `catalogSettled` is the answer.
    case catalogChanged(database: String, change: UInt64)
    /// A client's statement needs this database to itself: have no connection to it, say `catalogVacated`, and make
    /// none until it is released.
    case vacateCatalog(database: String)
    case releaseCatalog(database: String)
    /// A server denied something: look now whether log-ins have changed. `loginsChanged` is the answer, if they have.
    case suspectLogins
    /// A client waits for a replica to be fresh, or for the primary's position: look at all WAL positions now, and
    /// often for so long. `freshnessReported` is the answer.
    case samplePositions(within: Microseconds)
    /// Make another node the primary: nothing is being written any more. `switchoverEnded` is the answer.
    case switchover(from: Int, to: Int)
    /// Read the settings again and put them into effect (`reconfigured`). `reloadEnded` is the answer.
    case reload(number: UInt64)
    case log(EngineEvent)
}
