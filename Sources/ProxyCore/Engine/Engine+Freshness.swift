import Bytes
import PostgresWire
import ProxyTerms
import StatementRouting

/// Consistency: which replicas have replayed what a session has written and seen, and what becomes of reads for which
/// none has.
extension Engine {
    // MARK: What a session has written

    /// A batch is about to be sent to a server that the client holds.
    @inline(__always)
    func noteWriting(_ client: ClientPointer, _ server: ServerPointer, _ plan: BatchPlan) {
        if client.pointee.outstanding == 0 {
            client.pointee.ending = TransactionEnding(plan)
        } else {
            client.pointee.ending.follow(TransactionEnding(plan))
        }
        if server.pointee.isReplica { return }
        // What is not seen whole may write, and so may a read that a replica has refused.
        if plan.access != .read || plan.extent != .whole || client.pointee.tries.isForcedToPrimary {
            client.pointee.freshness.track = .writing
            // What an earlier batch has shown is not the position behind this one.
            client.pointee.consistency?.shown = nil
        } else if client.pointee.freshness.track == .untracked, !plan.onlyPrepares {
            followOnPrimary(client)
        }
    }

    /// What is a read by its class runs on the primary: replicas may be behind what it shows, and by what it calls it
    /// may have written all the same.
    private func followOnPrimary(_ client: ClientPointer) {
        let options = client.pointee.pool.unsafelyUnwrapped.pointee.options
        if options.readsOnPrimary == .always, client.pointee.transaction == .none, client.pointee.pin == nil,
            client.pointee.lastRoute.cause == .statement || client.pointee.lastRoute.cause == .pipeline
        {
            // The primary is one of the nodes that share reads: it would soon have all of them.
            return
        }
        client.pointee.freshness.track = .tracked
    }

    /// A cycle has ended for a session that writes, or has written.
    func noteCompletion(_ client: ClientPointer, _ server: ServerPointer) {
        if server.pointee.isReplica, client.pointee.freshness.track != .writing {
            client.pointee.freshness.seen = samples.next
            client.pointee.freshness.node = Int16(server.pointee.node)
            client.pointee.freshness.incarnation = roster.incarnations[server.pointee.node]
            return
        }
        let isOver = server.pointee.conversation.status == .idle && client.pointee.outstanding == 0
        settleWrite(client, isOver: isOver)
    }

    /// Something of the session's has been carried out on the primary, or may have been.
    func settleWrite(_ client: ClientPointer, isOver: Bool) {
        let next = samples.next
        let isWrite = client.pointee.freshness.track == .writing
        if isWrite { samples.noteWrite() }
        if isWrite, isOver { client.pointee.freshness.track = .tracked }
        if readYourWrites(of: client) == .eventual {
            if isOver { client.pointee.freshness = ClientFreshness() }
            return
        }
        client.pointee.freshness.written = next
        client.pointee.freshness.seen = 0
        client.pointee.freshness.node = -1
    }

    /// The client is told of something that another has committed: its reads never go back behind that.
    func noteNews(_ client: ClientPointer) {
        if readYourWrites(of: client) == .eventual { return }
        if client.pointee.freshness.track == .untracked { client.pointee.freshness.track = .tracked }
        client.pointee.freshness.written = samples.next
        client.pointee.freshness.seen = 0
        client.pointee.freshness.node = -1
    }

    func readYourWrites(of client: ClientPointer) -> ReadYourWrites {
        client.pointee.consistency?.mode ?? client.pointee.pool.unsafelyUnwrapped.pointee.options.readYourWrites
    }

    // MARK: Which nodes are fresh

    /// Whether it matters to this client's reads what a replica has replayed.
    @inline(__always)
    func mustBeFresh(_ client: ClientPointer, _ pool: PoolPointer) -> Bool {
        client.pointee.freshness.track != .untracked || pool.pointee.options.readYourWrites == .global
    }

    /// Whether a node has replayed all that the client's reads must see, and has not lost the batch in flight already.
    @inline(__always)
    func isFresh(_ node: Int, for client: ClientPointer, _ pool: PoolPointer) -> Bool {
        (!mustBeFresh(client, pool) || hasReplayed(node, client)) && !client.pointee.tries.hasBeenLost(on: node)
    }

    private func hasReplayed(_ node: Int, _ client: ClientPointer) -> Bool {
        if node == primary { return true }
        let freshness = client.pointee.freshness
        // It has shown the session what it has seen, and does not go back: not in this incarnation.
        let isLast = Int(freshness.node) == node && freshness.incarnation == roster.incarnations[node]
        let wanted = isLast ? freshness.written : max(freshness.written, freshness.seen)
        if roster.freshness[node].covered < wanted { return false }
        guard let required = client.pointee.consistency?.required else { return true }
        return hasReplayed(node, required)
    }

    private func hasReplayed(_ node: Int, _ required: SessionPosition) -> Bool {
        // On a timeline that nobody here has heard of, its bytes mean something else.
        guard let newest = roster.newestSample, newest.position.timeline >= required.timeline,
            let position = roster.freshness[node].position
        else { return false }
        return position >= required.position
    }

    /// Whether any node that takes the pool's reads is fresh for the client.
    func hasFreshNode(_ client: ClientPointer, _ pool: PoolPointer) -> Bool {
        let nodes = readNodes(pool)
        for place in 0..<nodes.count where isFresh(nodes[place], for: client, pool) { return true }
        return false
    }

    // MARK: Servers for such clients

    /// As `requestServer`, for a read of a client to which it matters where (`isParticular`).
    func requestFreshServer(_ client: ClientPointer, _ pool: PoolPointer) {
        adoptGlobalWrites(client)
        if pool.pointee.isPaused { return wait(client, pool, forRead: true) }
        if let server = takeFreshServer(client, pool) {
            assign(server, to: client)
            return
        }
        wait(client, pool, forRead: true)
        if hasFreshNode(client, pool) {
            openFreshServer(client, pool)
        } else {
            awaitFreshness(client, pool)
        }
    }

    /// What has been written by anybody before a read of this client begins is the same as what it has written itself.
    func adoptGlobalWrites(_ client: ClientPointer) {
        guard readYourWrites(of: client) == .global else { return }
        client.pointee.freshness.written = max(client.pointee.freshness.written, samples.lastWrite)
    }

    /// No node is fresh for a client in the queue for reads: it waits for one, or its read becomes the primary's. In
    /// that case its flow may be `assigned`.
    func awaitFreshness(_ client: ClientPointer, _ pool: PoolPointer) {
        // There is none at all: it reads on the first that comes.
        if readNodes(pool).isEmpty { return }
        let limit = pool.pointee.options.freshnessWait
        askForSample(within: limit)
        if pool.pointee.options.readsOnPrimary == .never { return }
        // There is none to turn to: a replica may turn out to have all, and the next primary will
        // (`checkReadsWithoutPrimary`).
        if primary < 0 { return }
        // Who has waited for a primary has waited long enough.
        if limit > 0, now - client.pointee.since < limit, mayBecomeFresh(for: client, within: limit) {
            freshnessDesk.waits(
                client.pointee.handle,
                since: client.pointee.since,
                until: now + limit,
                wanted: client.pointee.freshness.written
            )
        } else {
            turnToPrimary(client, pool)
        }
    }

    /// Whether some replica has lately been near enough for a wait to be worth it.
    func mayBecomeFresh(for client: ClientPointer, within limit: Microseconds) -> Bool {
        roster.replicas.contains { node in
            guard let lag = roster.freshness[node].lag, !client.pointee.tries.hasBeenLost(on: node) else {
                return false
            }
            return lag <= limit
        }
    }

    // MARK: Waiting for freshness

    /// Asks the control plane to look at the nodes' positions soon, and for so long often.
    func askForSample(within limit: Microseconds) {
        if let time = freshnessDesk.ask(within: limit, now: now) { actions.append(.samplePositions(within: time)) }
    }

    /// No replica has become fresh in time, lets the pool in or is left to be tried: the client's read is the
    /// primary's.
    func turnToPrimary(_ client: ClientPointer, _ pool: PoolPointer, _ cause: RouteCause? = nil) {
        client.pointee.lastRoute.cause = cause ?? (client.pointee.tries.hasLosses ? .retried : .notFresh)
        waitToWrite(client, pool)
        if primary >= 0, let server = takeIdle(pool, primary, client.pointee.profile) {
            assign(server, to: client)
            return
        }
        openServers(pool, forRead: false)
    }

    /// When `wake` is to be called next; `.max` where nobody waits for a moment.
    package var nextDeadline: Microseconds {
        if !turn.answering.isEmpty { return now }
        var next = freshnessDesk.nextDeadline
        if let check = roster.switchover?.nextCheck { next = min(next, check) }
        return next
    }

    /// The time of `nextDeadline` has come.
    package func wake() {
        defer { endTurn() }
        if !turn.answering.isEmpty { continueAnswering() }
        servePinnedWaits()
        if let check = roster.switchover?.nextCheck, check <= now { checkSwitchover() }
        while let wait = freshnessDesk.takeExpired(at: now) {
            freshnessDesk.noteLook()
            guard let client = waiter(wait) else { continue }
            let pool = client.pointee.pool.unsafelyUnwrapped
            if primary < 0 || hasFreshNode(client, pool) { continue }
            turnToPrimary(client, pool)
            if client.pointee.flow == .assigned { turn.work.append(.served(client.pointee.handle)) }
        }
    }

    /// The client, if it is in that wait still.
    func waiter(_ wait: FreshnessWait) -> ClientPointer? {
        guard let client = clients[wait.client], client.pointee.flow == .waiting, client.pointee.waitsForRead,
            client.pointee.since == wait.since, client.pointee.pool?.pointee.isPaused == false
        else { return nil }
        return client
    }

    // MARK: News

    /// The control plane has looked at the nodes' positions.
    package func freshnessReported(_ report: FreshnessReport) {
        defer { endTurn() }
        freshnessDesk.answered()
        let change = roster.apply(report, now: now)
        answerPositions()
        if databases.schemas.isAwaitingReplay { settleSchemas() }
        if change.readersHaveChanged {
            forEachPool { serveQueues($0) }
        } else {
            serveFreshnessWaits()
        }
        servePinnedWaits()
    }

    private func serveFreshnessWaits() {
        let covered = roster.freshness.reduce(0) { max($0, $1.covered) }
        for (wait, wanted) in freshnessDesk.takeServable(by: covered) {
            freshnessDesk.noteLook()
            guard let client = waiter(wait) else { continue }
            let pool = client.pointee.pool.unsafelyUnwrapped
            guard hasFreshNode(client, pool) else {
                // What is covered is not all that it must see, or not where it may read.
                freshnessDesk.waitsOn(wait, wanted: wanted)
                continue
            }
            if let server = takeFreshServer(client, pool) {
                serve(client, server)
            } else {
                openFreshServer(client, pool)
            }
        }
        // Those who are still there may have come after the look that is told of.
        if let interest = freshnessDesk.interest(at: now) { askForSample(within: interest) }
    }

    // MARK: Positions that are handed on

    /// Whether `SHOW howdah.position` can be answered; else it is asked for, and the client waits.
    func hasPosition(_ client: ClientPointer) -> Bool {
        let consistency = consistency(of: client)
        switch consistency.request {
        case .known, .failed: return true
        case .asked: break
        case .none:
            if primary < 0 {
                consistency.request = .failed
                return true
            }
            consistency.request = .asked(samples.next, since: now)
            freshnessDesk.waitsForPosition(client.pointee.handle)
        }
        client.pointee.flow = .locating
        askForSample(within: client.pointee.pool.unsafelyUnwrapped.pointee.options.freshnessWait)
        return false
    }

    /// Also ten times a second, to give up on positions that do not come.
    func answerPositions() {
        for handle in freshnessDesk.takePositionWaits() {
            guard let client = clients[handle], client.pointee.flow == .locating,
                case .asked(let number, let since) = client.pointee.consistency?.request
            else { continue }
            if let newest = roster.newestSample, newest.number >= number {
                client.pointee.consistency?.request = .known(newest.position)
            } else if now - since >= client.pointee.pool.unsafelyUnwrapped.pointee.options.queryWaitTimeout {
                client.pointee.consistency?.request = .failed
            } else {
                freshnessDesk.waitsForPosition(handle)
                continue
            }
            client.pointee.flow = .between
            turn.work.append(.goOn(handle))
        }
        if freshnessDesk.hasPositionsToTell { askForSample(within: 0) }
    }

    func consistency(of client: ClientPointer) -> ClientConsistency {
        if let consistency = client.pointee.consistency { return consistency }
        let consistency = ClientConsistency()
        client.pointee.consistency = consistency
        return consistency
    }

    /// The session's reads see at least this from now on; nil: no more than what it has written.
    func require(_ position: SessionPosition?, _ client: ClientPointer) {
        consistency(of: client).required = position
        if position != nil, client.pointee.freshness.track == .untracked { client.pointee.freshness.track = .tracked }
    }

    /// What writes the session's reads must see is another matter from now on.
    func readYourWritesChanged(_ client: ClientPointer) {
        switch readYourWrites(of: client) {
        case .eventual:
            if client.pointee.freshness.track == .tracked { client.pointee.freshness = ClientFreshness() }
        case .session: break
        case .global:
            if client.pointee.freshness.track == .untracked { client.pointee.freshness.track = .tracked }
        }
    }

    // MARK: For people

    /// Why a replica may not run the client's reads now; nil where it may.
    func staleness(_ node: Int, _ client: ClientPointer, _ pool: PoolPointer) -> String? {
        if let reason = roster.freshness[node].verdict.reason { return reason }
        if isFresh(node, for: client, pool) { return nil }
        return "has not replayed what the session must see"
    }

    /// The lag as people read it: time, and bytes.
    func describeLag(_ node: Int) -> String? {
        if node == primary { return nil }
        guard let lag = roster.freshness[node].lag else { return "unknown" }
        let time = lag < 10_000_000 ? "\(lag / 1000) ms" : "\(lag / 1_000_000) s"
        guard let bytes = roster.freshness[node].lagBytes else { return time }
        return "\(time), \(bytes) bytes"
    }
}
