extension ClientSession {
    /// What must hold of a client between two events.
    /// - Parameter holdsServer: whether the server that it names is there.
    func verify(holdsServer: Bool, _ findings: inout Findings) {
        let name = SessionName(index: handle.index, state: .client(phase, flow, transaction))
        if phase == .closing {
            findings.expect(server.isNone, "\(name) is leaving and holds a server")
            return
        }
        findings.expect(server.isNone || holdsServer, "\(name) holds a server that is gone")
        findings.expect(outstanding >= 0, "\(name) is owed \(outstanding) cycles")
        findings.expect(holdsServer || outstanding == 0, "\(name) is owed \(outstanding) cycles by nobody")
        if extras?.inquiry != nil {
            // Behind half a batch a server that skips to Sync would ignore it.
            findings.expect(outstanding == 0 && !flow.isInBatch, "\(name) has its settings asked for in between")
        }
        switch flow {
        case .waiting, .refused:
            findings.expect(!holdsServer, "\(name) waits and holds a server")
        case .assigned:
            findings.expect(phase == .welcoming && holdsServer, "\(name) was given a server and has not begun")
        case .settling: findings.expect(holdsServer, "\(name) waits for a server that it has not got")
        case .preparing, .flushing, .batch: findings.expect(holdsServer, "\(name) is in a batch without a server")
        case .between, .claiming, .locating, .skipping, .catchingUp: break
        }
        switch transaction {
        case .none, .lost: break
        case .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead:
            findings.expect(flow != .between || !holdsServer, "\(name) has put off a BEGIN, and holds a server")
        case .open, .failed, .failedEnding, .beginningToLead, .leading, .leadingReadOnly, .leadingFailed,
            .leadingFailedEnding:
            findings.expect(holdsServer, "\(name) is in a transaction without a server")
        }
        if case .toServer = passThrough { findings.expect(holdsServer, "\(name) passes a message on to nobody") }
        if tries.isArmed {
            findings.expect(!replay.isEmpty && holdsServer, "\(name) would run nothing again")
        } else {
            findings.expect(replay.isEmpty, "\(name) keeps \(replay.count) bytes that will not run again")
            findings.expect(undo.isEmpty, "\(name) would take back \(undo.count) names of nothing")
            findings.expect(output.isEmpty || isTouched, "\(name) has \(output.count) bytes that nobody sends")
        }
        findings.expect(
            replayAhead >= 0 && replayAhead <= replay.count,
            "\(name): \(replayAhead) bytes ahead of replay"
        )
        findings.expect(
            pin == nil ? pinRecord == nil || pinRecord?.loss != nil : pinRecord != nil,
            "\(name) is pinned for \(pin.map { "\($0)" } ?? "nothing")"
        )
        findings.expect(pinRecord?.isEmpty != true, "\(name) is pinned for no reason")
        findings.expect(phase != .ready || pool != nil, "\(name) has no pool")
    }

    /// Counts what the client holds of what is counted.
    func count(in census: inout Census) {
        census.lentBytes += held.lentBytes + replay.lentBytes + output.lentBytes + released.lentBytes
        census.hosts[host, default: 0] += 1
        census.refer(to: unnamed)
        census.refer(to: portals.last)
        statements.forEach { census.refer(to: $0) }
        for change in undo {
            census.refer(to: change.parsed)
            census.refer(to: change.previous)
        }
        census.refer(to: profile)
        census.refer(to: startProfile)
        guard let pool, phase != .closing else { return }
        census.clientCounts.add(pool.pointee.database, pool.pointee.user)
        var ofPool = census.pools[pool.pointee.handle] ?? Census.OfPool()
        ofPool.clients += 1
        if flow == .waiting {
            ofPool.waiting += 1
            if waitsForRead { ofPool.waitingToRead += 1 }
        }
        census.pools[pool.pointee.handle] = ofPool
    }
}
