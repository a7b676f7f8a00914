/// What has changed in what Patroni says; each is worth one line in the log.
package enum PatroniNews: Sendable, Equatable {
    /// The first answer since the start, or since none was to be had.
    case answers(url: String, members: Int)
    case silent([String])
    case leader(String?)
    case paused
    case resumed
    case switchoverPlanned(at: String, to: String?)
    case switchoverCalledOff

    package var isTrouble: Bool {
        switch self {
        case .silent, .paused, .leader(nil): true
        case .answers, .leader, .resumed, .switchoverPlanned, .switchoverCalledOff: false
        }
    }
}

extension PatroniNews: CustomStringConvertible {
    package var description: String {
        switch self {
        case .answers(let url, let members): "Patroni at \(url) lists \(members) members"
        case .silent(let reasons):
            "Patroni does not answer; the nodes that are known are watched all the same: \(reasons.joined(separator: "; "))"
        case .leader(let name?): "Patroni: \(name) is the leader"
        case .leader(nil): "Patroni: there is no leader"
        case .paused: "Patroni is paused: it promotes nobody should the primary be lost"
        case .resumed: "Patroni is not paused any more"
        case .switchoverPlanned(let at, let to):
            "Patroni: a switchover\(to.map { " to \($0)" } ?? "") is planned for \(at)"
        case .switchoverCalledOff: "Patroni: no switchover is planned any more"
        }
    }
}

extension PatroniNews {
    /// What is new in an answer.
    static func between(_ before: PatroniCluster?, _ now: PatroniCluster) -> [PatroniNews] {
        var news: [PatroniNews] = []
        if before.map({ $0.leader != now.leader }) ?? true { news.append(.leader(now.leader)) }
        if before?.isPaused ?? false != now.isPaused { news.append(now.isPaused ? .paused : .resumed) }
        if before?.switchover != now.switchover {
            if let planned = now.switchover {
                news.append(.switchoverPlanned(at: planned.at, to: planned.to))
            } else if now.leader == before?.leader {
                news.append(.switchoverCalledOff)
            }
        }
        return news
    }
}
