import Bytes
import PostgresWire
import StatementRouting

/// What a session's settings are after it has changed them: the server is asked behind the client's back, and what
/// comes next waits for that one reply.
extension Engine {
    /// A cycle has ended, well or not: what it and its transaction did to the settings holds, is still open, or is
    /// gone.
    func settleSettings(_ client: ClientPointer, _ server: ServerPointer, hasFailed: Bool) {
        guard let extras = client.pointee.extras else { return }
        let ownAreSettled = settleOwnSettings(client, extras, server, hasFailed: hasFailed)
        if client.pointee.outstanding <= 1 { extras.ends.removeAll() }
        if !extras.committedChannels.isEmpty {
            apply(extras.committedChannels, client)
            extras.committedChannels.removeAll()
        }
        if extras.pendingSettings.isEmpty, extras.committedSettings.isEmpty, extras.journal.isEmpty,
            extras.doubts.isEmpty
        {
            if ownAreSettled, server.pointee.conversation.status == .idle { client.pointee.extras = nil }
            return
        }
        if !hasFailed { for step in extras.pendingSettings { extras.journal.apply(step) } }
        extras.pendingSettings.removeAll()
        if server.pointee.conversation.status != .idle {
            // Another transaction is open behind one that has committed: what that has left is asked for when this one
            // is over, too.
            for change in extras.committedSettings { extras.doubts.addWhole(change) }
            extras.committedSettings.removeAll()
            return
        }
        // What no tag has told the end of has run outside of a transaction, or fails with its COMMIT.
        let journal = hasFailed ? SettingsJournal() : extras.journal
        let doubts = extras.doubts
        let changes = extras.committedSettings + journal.changes
        client.pointee.extras = nil
        let channelChanges = journal.channelChanges
        if !channelChanges.isEmpty { apply(channelChanges, client) }
        if !changes.isEmpty || !doubts.isEmpty { ask(changes, doubts, client, server) }
    }

    private func ask(
        _ changes: [SettingChange],
        _ doubts: SettingDoubts,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) {
        var names = doubts.names.filter { SessionSetting.isCustom($0) || SessionSetting.isRole($0) }
        let doubted = doubts.names.subtracting(names)
        for change in changes {
            switch change {
            // Any value of a custom setting is taken as it is.
            case .set(let setting): if !setting.isCustom { names.insert(setting.name) }
            case .setUnseen(let name): names.insert(name)
            case .reset, .resetAll: break
            }
        }
        if names.contains("session_authorization") { names.insert("role") }
        if doubts.isComplete {
            names.insert("role")
            names.insert("session_authorization")
            for setting in profiles.settings(of: client.pointee.profile) where setting.isCustom {
                names.insert(setting.name)
            }
        }
        inquire(changes, names.subtracting(doubted), doubted, isComplete: doubts.isComplete, client, server)
    }

    /// Asks for what the server has not reported by itself.
    private func inquire(
        _ changes: [SettingChange],
        _ names: Set<String>,
        _ doubted: Set<String>,
        isComplete: Bool,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) {
        var reported: [(name: String, value: String)] = []
        for parameter in server.pointee.extras.parameters {
            let name = SessionCommands.folded(parameter.name)
            if names.contains(name) || doubted.contains(name) { reported.append((name, parameter.value)) }
        }
        let unreported = names.subtracting(reported.map(\.name)).sorted()
        let unclear = doubted.subtracting(reported.map(\.name)).sorted()
        var inquiry = SettingsInquiry(changes: changes, names: unreported, doubted: unclear, isComplete: isComplete)
        for (name, value) in reported { inquiry.tell(name, value) }
        if unreported.isEmpty, unclear.isEmpty, !isComplete { return apply(inquiry, client, server) }
        extras(of: client).inquiry = inquiry
        inject(server, inquiry.query, purpose: .values)
    }

    /// A row of the answer: a name and its value.
    func readValue(_ body: RawSpan, _ server: ServerPointer) {
        guard let client = clients[server.pointee.client], let extras = client.pointee.extras, body.byteCount >= 10,
            body.uint16(at: 0) == 2
        else { return }
        let nameSize = Int(body.int32(at: 2))
        guard nameSize >= 0, nameSize <= body.byteCount - 10 else { return }
        let name = body.text(6..<6 + nameSize)
        let start = 6 + nameSize + 4
        let size = Int(body.int32(at: start - 4))
        if size < 0 {
            extras.inquiry?.tell(name, nil)
        } else if size == body.byteCount - start {
            extras.inquiry?.tell(name, body.text(start..<body.byteCount))
        }
    }

    /// The answer is complete.
    func valuesReady(_ server: ServerPointer, hasFailed: Bool) {
        guard let client = clients[server.pointee.client], let extras = client.pointee.extras,
            var inquiry = extras.inquiry
        else { return }
        if hasFailed {
            inquiry.beginAnew()
            if inquiry.attempts < SettingsInquiry.mostAttempts {
                extras.inquiry = inquiry
                inject(server, inquiry.query, purpose: .values)
                return
            }
            // Words must do; what they do not say stays where it is.
            if inquiry.isComplete || !inquiry.doubted.isEmpty || inquiry.changes.contains(where: \.isUnseen) {
                pin(client, .setting)
            }
            inquiry = SettingsInquiry(changes: inquiry.changes, names: [], isComplete: false)
        }
        extras.inquiry = nil
        if client.pointee.phase == .welcoming {
            completeStart(inquiry, client, server)
        } else {
            client.pointee.extras = nil
            apply(inquiry, client, server)
        }
    }

    /// The server is lost that was asked: what the statements said must do.
    func settleByWords(_ client: ClientPointer, _ server: ServerPointer) {
        guard let inquiry = client.pointee.extras?.inquiry else { return }
        client.pointee.extras = nil
        apply(SettingsInquiry(changes: inquiry.changes, names: [], isComplete: false), client, server)
    }

    private func apply(_ inquiry: SettingsInquiry, _ client: ClientPointer, _ server: ServerPointer) {
        let user = server.pointee.pool.pointee.user
        let start = profiles.settings(of: client.pointee.startProfile)
        let wanted = inquiry.applied(to: profiles.settings(of: client.pointee.profile), start: start, user: user)
        // The server keeps what is not kept here.
        guard ProfileStore.mayCarry(wanted) else { return pin(client, .setting) }
        setProfile(client, wanted)
        // A reset on the server does not bring back what the client came with.
        let there = inquiry.applied(to: profiles.settings(of: server.pointee.profile), start: [], user: user)
        server.pointee.settings.become(there, profiles)
    }

    // MARK: Start

    /// The server has taken the settings of a client's start-up packet: what has become of them is what the session
    /// begins with.
    func askForStart(_ client: ClientPointer, _ server: ServerPointer) {
        let settings = profiles.settings(of: client.pointee.profile)
        let names = settings.filter { !$0.isCustom }.map(\.name)
        let reported = Set(server.pointee.extras.parameters.map { SessionCommands.folded($0.name) })
        var inquiry = SettingsInquiry(
            changes: [],
            names: names.filter { !reported.contains($0) },
            isComplete: false
        )
        for parameter in server.pointee.extras.parameters where names.contains(SessionCommands.folded(parameter.name)) {
            inquiry.tell(parameter.name, parameter.value)
        }
        if inquiry.names.isEmpty { return completeStart(inquiry, client, server) }
        extras(of: client).inquiry = inquiry
        inject(server, inquiry.query, purpose: .values)
    }

    private func completeStart(_ inquiry: SettingsInquiry, _ client: ClientPointer, _ server: ServerPointer) {
        let pool = server.pointee.pool
        let written = client.pointee.profile
        let settings = inquiry.applied(to: profiles.settings(of: written), start: [], user: pool.pointee.user)
        server.pointee.settings.become(settings, profiles)
        finishWelcome(client, server)
    }
}

extension SettingChange {
    var isUnseen: Bool {
        if case .setUnseen = self { true } else { false }
    }
}
