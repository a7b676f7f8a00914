import Glibc
import MonotonicTime
import ProxyCore

/// Patroni's thread: one request at a time, to whoever answered last.
final class PatroniLoop {
    private var options: PatroniOptions
    private let mailbox: Mailbox<PatroniMessage>
    private let found: ([DiscoveredNode]) -> Void
    private let log: (ClusterEvent) -> Void
    private var isPrimaryKnown = false
    private var due: UInt64 = 0
    private var askedAt: UInt64 = 0
    /// The one that answered last, before all others.
    private var preferred: String?
    /// What members say of their REST APIs: for when none of the configured ones answers.
    private var learnt: [String] = []
    private var cluster: PatroniCluster?
    private var silence: [String]?
    private var addresses: [String: (list: [String], since: UInt64)] = [:]
    private static let resolveInterval = Duration.seconds(30)

    init(
        options: PatroniOptions,
        mailbox: Mailbox<PatroniMessage>,
        found: @escaping ([DiscoveredNode]) -> Void,
        log: @escaping (ClusterEvent) -> Void
    ) {
        self.options = options
        self.mailbox = mailbox
        self.found = found
        self.log = log
    }

    /// Until the mailbox is stopped.
    func run() {
        while let messages = mailbox.take() {
            for message in messages { handle(message) }
            if MonotonicClock.now >= due { ask() }
            var descriptor = pollfd(fd: mailbox.bell.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&descriptor, 1, MonotonicClock.pollTimeout(until: due))
        }
    }

    private func handle(_ message: PatroniMessage) {
        switch message {
        case .primary(let isKnown):
            isPrimaryKnown = isKnown
            if !isKnown { due = min(due, askedAt &+ options.urgentInterval.microseconds) }
        case .reconfigured(let new):
            if new.urls != options.urls { preferred = nil }
            options = new
            due = MonotonicClock.now
        }
    }

    private func ask() {
        askedAt = MonotonicClock.now
        var reasons: [String] = []
        for url in candidates {
            if mailbox.isStopped { return }
            do throws(PatroniFailure) {
                accept(try request(url), from: url)
                break
            } catch {
                reasons.append("\(url): \(error.reason)")
            }
        }
        if mailbox.isStopped { return }
        if reasons.count == candidates.count {
            // The words of a failure may differ from one time to the next.
            if silence == nil { log(.patroni(.silent(reasons))) }
            silence = reasons
        }
        let pause = isPrimaryKnown ? options.interval : options.urgentInterval
        due = MonotonicClock.now &+ pause.microseconds
    }

    private var candidates: [String] {
        var list: [String] = []
        for url in [preferred].compactMap({ $0 }) + options.urls + learnt where !list.contains(url) { list.append(url) }
        return list
    }

    private func request(_ url: String) throws(PatroniFailure) -> PatroniCluster {
        let body = try HTTPClient.get(
            url + "/cluster",
            certificates: options.certificates,
            timeout: options.timeout,
            isStopped: { [mailbox] in mailbox.isStopped }
        )
        return try PatroniCluster(json: body)
    }

    private func accept(_ new: PatroniCluster, from url: String) {
        if cluster == nil || silence != nil { log(.patroni(.answers(url: url, members: new.members.count))) }
        for news in PatroniNews.between(cluster, new) { log(.patroni(news)) }
        preferred = url
        silence = nil
        cluster = new
        let hosts = new.members.compactMap { member -> String? in
            if case .tcp(let host, _) = member.address { host } else { nil }
        }
        addresses = addresses.filter { hosts.contains($0.key) }
        learnt = new.members.compactMap { $0.apiURL.flatMap { PatroniURL.base(of: $0) } }
        found(new.members.compactMap { node($0) })
    }

    private func node(_ member: PatroniMember) -> DiscoveredNode? {
        guard let address = member.address else { return nil }
        return DiscoveredNode(
            name: member.name,
            address: address,
            numericHosts: numericHosts(address),
            zone: member.zone,
            takesNoReads: member.takesNoReads,
            isNeverPromoted: member.isNeverPromoted,
            state: "\(member.role), \(member.state), timeline \(member.timeline ?? 0)"
        )
    }

    /// Names are looked up here, where waiting holds nobody up.
    private func numericHosts(_ address: NodeAddress) -> [String] {
        guard case .tcp(let host, _) = address else { return [] }
        if NameResolver.isNumeric(host) { return [host] }
        let now = MonotonicClock.now
        if let known = addresses[host], now < known.since &+ Self.resolveInterval.microseconds { return known.list }
        let list = (try? NameResolver.lookUp(host).get()) ?? addresses[host]?.list ?? []
        addresses[host] = (list, now)
        return list
    }
}

/// The REST API that a URL leads to.
package enum PatroniURL {
    /// Scheme, host and port alone: members name their API as `http://host:8008/patroni`. Nil where it is no URL of
    /// HTTP.
    package static func base(of url: String) -> String? {
        for scheme in ["http://", "https://"] where url.hasPrefix(scheme) {
            let rest = url.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            return authority.isEmpty ? nil : scheme + authority
        }
        return nil
    }
}
