/// What `Following` has to tell the log; each once. Nodes are named by place.
package enum FollowingNews: Sendable, Equatable {
    /// What came of pointing a replica at the primary.
    case pointed(replica: Int, NodeCommandOutcome)
    /// It names the primary, and does not stream from it.
    case namesPrimaryInVain(replica: Int, primary: Int)

    var isTrouble: Bool {
        switch self {
        case .pointed(_, let outcome): outcome.isTrouble
        case .namesPrimaryInVain: true
        }
    }

    /// One line for the log.
    ///
    /// - Parameter nodes: their names, by place.
    func text(_ nodes: [String]) -> String {
        switch self {
        case .pointed(let replica, let outcome): NodeCommand.followText(nodes[replica], outcome)
        case .namesPrimaryInVain(let replica, let primary):
            "node \(nodes[replica]) names node \(nodes[primary]) in its primary_conninfo and does not stream from it: its own log "
                + "tells why (pg_hba.conf, the password, a replication slot, or log that node \(nodes[primary]) has no more)"
        }
    }
}
