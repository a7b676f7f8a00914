import Bytes
import StatementRouting

/// What must hold between two events, whatever has been sent: checked after each of them in simulation, and now and
/// then by the worker of a debug build.
extension Engine {
    /// What does not hold, in words; empty where all does.
    /// - Parameter lentElsewhere: bytes of the buffer pool's that the shell holds; nil where it does not know.
    package func verify(lentElsewhere: Int?) -> [String] {
        var findings = Findings()
        var census = takeCensus()
        forEachPool { pool in
            pool.pointee.verify(census, &findings)
            for (written, welcome) in pool.pointee.welcomes {
                census.refer(to: written)
                census.refer(to: welcome.profile)
            }
            verifyNobodyWaitsInVain(pool, &findings)
        }
        statements.count(in: &census)
        verifyClients(&findings)
        verifyServers(census, &findings)
        statements.verify(census.statements, &findings)
        profiles.verify(census.profiles, &findings)
        findings.expect(pools.quota.clients, is: census.clientCounts, "clients of databases and users are counted")
        findings.expect(pools.quota.servers, is: census.serverCounts, "servers of databases and users are counted")
        findings.expect(memory.hosts.clients, is: census.hosts, "clients of each host are counted")
        for node in roster.topology.nodes.indices {
            let inFlight = Int(roster.balance.nodes[node].inFlight)
            findings.expect(inFlight, is: census.inFlight[node] ?? 0, "what node \(node) has in flight is counted")
        }
        if let lentElsewhere {
            findings.expect(buffers.bytesInUse, is: census.lentBytes + lentElsewhere, "lent bytes are counted")
        }
        findings.expect(turn.work.isEmpty, "\(turn.work.count) pieces of work are left undone")
        return findings.all
    }

    private func takeCensus() -> Census {
        var census = Census()
        for index in 0..<clients.capacity {
            if let handle = clients.handle(at: index) { clients[handle]?.pointee.count(in: &census) }
        }
        for index in 0..<servers.capacity {
            if let handle = servers.handle(at: index) { servers[handle]?.pointee.count(in: &census) }
        }
        for index in 0..<cancels.capacity {
            guard let handle = cancels.handle(at: index), let cancel = cancels[handle] else { continue }
            census.lentBytes += cancel.pointee.output.lentBytes
            census.cancels[cancel.pointee.server, default: 0] += 1
        }
        for listening in databases.listening.values {
            for server in listening.next.servers + (listening.inFlight?.servers ?? []) {
                census.fences[server, default: 0] += 1
            }
        }
        return census
    }

    private func verifyClients(_ findings: inout Findings) {
        for index in 0..<clients.capacity {
            guard let handle = clients.handle(at: index), let client = clients[handle] else { continue }
            let server = servers[client.pointee.server]
            client.pointee.verify(holdsServer: server != nil, &findings)
            if let server {
                let isHolder = server.pointee.client == handle && server.pointee.phase == .active
                findings.expect(
                    isHolder,
                    "client \(index) holds server \(server.pointee.handle.index), which is another's"
                )
            }
            if client.pointee.surroundings == nil {
                let isProfiles = client.pointee.parseContext == profiles.context(of: client.pointee.profile)
                findings.expect(isProfiles, "client \(index) parses under other settings than its own")
            }
            if client.pointee.flow == .waiting, client.pointee.phase != .closing {
                findings.expect(isQueued(client), "client \(index) waits in no queue")
            }
            if client.pointee.flow == .locating {
                findings.expect(
                    freshnessDesk.isToBeTold(handle),
                    "client \(index) waits for a position nobody looks up"
                )
            }
            if client.pointee.flow == .claiming, client.pointee.phase != .closing {
                findings.expect(
                    databases.claims[handle] != nil,
                    "client \(index) waits for a database that nobody vacates"
                )
            }
            if let channels = client.pointee.channels {
                let isServed = channels.listening.clients.contains(handle)
                findings.expect(isServed, "client \(index) listens to a server that does not know it")
            }
        }
    }

    private func isQueued(_ client: ClientPointer) -> Bool {
        guard let pool = client.pointee.pool else { return false }
        let isRead = client.pointee.waitsForRead
        let count = isRead ? pool.pointee.readers.count : pool.pointee.writers.count
        for index in 0..<count {
            let entry = isRead ? pool.pointee.readers[index] : pool.pointee.writers[index]
            if entry.client == client.pointee.handle, isWaiting(entry, read: isRead) { return true }
        }
        return false
    }

    private func verifyServers(_ census: Census, _ findings: inout Findings) {
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            var owed: Int32?
            if let client = clients[server.pointee.client] {
                // The cycles of a client that reads elsewhere are the other server's.
                owed = server.pointee.phase == .parked ? 0 : client.pointee.outstanding
                let isKnown =
                    client.pointee.server == handle || client.pointee.pinRecord?.reading.parked == handle
                findings.expect(
                    isKnown,
                    "server \(index) is held by client \(client.pointee.handle.index), which has another"
                )
            }
            server.pointee.verify(
                owed: owed,
                cancels: census.cancels[handle] ?? 0,
                fences: census.fences[handle] ?? 0,
                &findings
            )
            if server.pointee.phase == .idle {
                var isThere = false
                server.pointee.pool.pointee.nodes[server.pointee.node].idle.forEach {
                    guard $0.server == handle else { return }
                    isThere = true
                    let isTrue =
                        $0.profile == server.pointee.profile && $0.since == server.pointee.since
                        && $0.isUnused == (server.pointee.lastClient == 0)
                    findings.expect(isTrue, "server \(index) is another than its pool takes it for")
                }
                findings.expect(isThere, "server \(index) is idle and not in its pool")
            }
        }
    }

    /// Whoever waits for the primary is served before a server of it idles, and so is who reads and does not mind
    /// where.
    private func verifyNobodyWaitsInVain(_ pool: PoolPointer, _ findings: inout Findings) {
        guard !pool.pointee.isPaused, pool.pointee.replication == .off else { return }
        if primary >= 0, !pool.pointee.nodes[primary].idle.isEmpty {
            findings.expect(pool.pointee.writers.waiting, is: 0, "clients wait to write while a server is free")
        }
        if pool.pointee.readers.waiting == 0 { return }
        let nodes = usableNodes(pool)
        var hasIdle = false
        for place in 0..<nodes.count where !pool.pointee.nodes[nodes[place]].idle.isEmpty {
            // One that is much slower than what the read waits for idles with good reason.
            if servesAnybody(nodes[place], pool) { hasIdle = true }
        }
        guard hasIdle else { return }
        for index in 0..<pool.pointee.readers.count {
            guard let client = waitingReader(pool, index), !needsParticularNode(client, pool) else { continue }
            findings.expect(false, "client \(client.pointee.handle.index) waits to read while a server is free")
        }
    }
}
