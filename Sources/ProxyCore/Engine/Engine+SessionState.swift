import Bytes
import PostgresWire
import StatementRouting

/// What statements do to their session beside their result: settings that travel with the client, and state that
/// cannot, for which it keeps its server.
extension Engine {
    /// Notes what a statement that is about to be sent does, and says what is to be done when it has succeeded.
    func noteEffects(
        of statementClass: StatementClass,
        text: RawSpan,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) -> LedgerEntry.Effect {
        // Nothing of a replication client's outlives its server.
        if client.pointee.pin == .replication { return .none }
        if isRefused(statementClass, client) { return .none }
        let effects = statementClass.effects
        noteStartReset(statementClass, text, client, server)
        if statementClass.transaction != .none, let extras = client.pointee.extras {
            noteEnds(statementClass, text, client, extras)
            if !extras.pendingSettings.isEmpty { extras.doubtPending() }
            if !extras.journal.isEmpty {
                switch statementClass.transaction {
                case .savepoint, .releaseSavepoint, .rollbackToSavepoint:
                    if statementClass.statementCount == 1 { return noteSavepoint(text, client) }
                    extras.doubtJournal()
                case .mixed: extras.doubtJournal()
                case .commit, .rollback, .commitChain, .rollbackChain, .prepareTransaction:
                    if statementClass.statementCount > 1 { extras.doubtJournal() }
                default: break
                }
            }
        }
        if effects.meets(.listen | .unlisten) { noteChannels(statementClass, text, client, server) }
        if let listening = server.pointee.pool.pointee.listening, mayNotify(statementClass, listening) {
            server.pointee.mayNotify = true
        }
        if effects.contains(.changesCatalogFacts) {
            // Of temporary objects the facts tell nothing.
            let isTemporary = effects.contains(.temporaryObject) && statementClass.statementCount == 1
            if !isTemporary { catalogMayChange(server) }
        }
        if effects.contains(.clusterCommand) { noteClusterCommand(text, client, server) }
        noteSurroundings(statementClass, text, client, server)
        noteCleanup(effects, server)
        if effects.contains(.codeBlock) { doubtSettings(text, client) }
        if let record = client.pointee.pinRecord { record.doubt(PinReason.ended(by: effects)) }
        let changesSettings = effects.meets(.set | .reset | .setConfig)
        if effects.meets(.discard | .deallocate) {
            if changesSettings { _ = noteSettings(effects, text, client) }
            // A text of several statements may hold more than that.
            if statementClass.statementCount > 1, let reason = PinReason(effects.subtracting(.prepare)) {
                pin(client, reason, by: text)
            }
            if effects.contains(.discard) { return forgetting(discardEffect(text, client), server) }
            return forgetting(deallocateEffect(text, client, server), server)
        }
        if let reason = PinReason(effects.subtracting(.prepare)) { pin(client, reason, by: text) }
        if let record = client.pointee.pinRecord, effects.meets(.mayMakeTemporary) {
            record.mayMake(statementClass.relationNames)
        }
        if pinsSequence(effects, client, server) { pin(client, .sequence, by: text) }
        if statementClass.access == .unknown, statementClass.reason != .preparedExecute {
            // It may succeed in part.
            server.pointee.needs(.discardAll)
            server.pointee.extras.unknownStatement = Self.beginning(of: text)
            return .unknown
        }
        return changesSettings ? noteSettings(effects, text, client) : .none
    }

    /// Notes which of the statements of a text may be answered ROLLBACK, and what they do then.
    private func noteEnds(
        _ statementClass: StatementClass,
        _ text: RawSpan,
        _ client: ClientPointer,
        _ extras: ClientExtras
    ) {
        if extras.journal.isEmpty, extras.pendingSettings.isEmpty, client.pointee.consistency?.journal.isOpen != true {
            return
        }
        for parsed in parse(text, client) ?? [] {
            switch parsed.command {
            case .commit, .rollback, .prepareTransaction: extras.ends.append(.transaction)
            case .rollbackToSavepoint(let name): extras.ends.append(.goesBack(toSavepoint: name))
            default: break
            }
        }
    }

    /// Whether the failed transaction refuses it for certain.
    private func isRefused(_ statementClass: StatementClass, _ client: ClientPointer) -> Bool {
        client.pointee.transaction.refusesAll && client.pointee.outstanding == 0
            && statementClass.transaction == .none
    }

    /// Whether what runs now can change what the session has set.
    func mayChangeSettings(_ client: ClientPointer) -> Bool {
        switch client.pointee.transaction {
        case .none, .open, .failedEnding, .leadingFailedEnding: true
        case .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead, .failed, .lost, .beginningToLead,
            .leading, .leadingReadOnly, .leadingFailed:
            false
        }
    }

    /// A statement is sent, perhaps to be followed by others in its cycle: the client's transaction, if it has failed,
    /// may be over with it. Long before the server says so, what follows can change the session.
    /// - Parameter statementClass: nil where it is not known which statement it is.
    @inline(__always)
    func noteRecovery(_ statementClass: StatementClass?, _ client: ClientPointer) {
        guard client.pointee.transaction.isFailed else { return }
        // EXECUTE ends none, whatever it runs (PostgreSQL documentation, 55.2.3: everything but the end is refused).
        guard let statementClass, statementClass.transaction == .none,
            statementClass.access != .unknown || statementClass.reason == .preparedExecute
        else {
            client.pointee.transaction = client.pointee.transaction.withEndSent
            return
        }
    }

    /// Whether the client's transaction has failed, and nothing that has been sent since may have ended it.
    func isInFailedTransaction(_ client: ClientPointer) -> Bool {
        client.pointee.transaction == .failed
    }

    private func forgetting(_ effect: LedgerEntry.Effect, _ server: ServerPointer) -> LedgerEntry.Effect {
        if effect == .discardAll || effect == .deallocateAll { server.pointee.conversation.willForget() }
        return effect
    }

    /// What code does whose text is not seen, and what no statement undoes.
    private func noteCleanup(_ effects: SessionEffects, _ server: ServerPointer) {
        if effects.meets(.codeBlock | .callsUserFunction | .setSeed) { server.pointee.needs(.session) }
        if effects.contains(.load) { server.pointee.needs(.close) }
    }

    private func discardEffect(_ text: RawSpan, _ client: ClientPointer) -> LedgerEntry.Effect {
        guard let commands = parse(text, client) else { return .unknown }
        for case .discard(let target) in commands.map(\.command) {
            switch target {
            case .all: return .discardAll
            case .temporary: return .discardTemporary
            case .sequences: return .discardSequences
            case .plans: break
            }
        }
        return .none
    }

    /// DEALLOCATE of one name touches what PREPARE made, not the names that clients have through the protocol.
    private func deallocateEffect(_ text: RawSpan, _ client: ClientPointer, _ server: ServerPointer)
        -> LedgerEntry.Effect
    {
        guard let commands = parse(text, client) else { return .unknown }
        if commands.contains(where: { $0.command == .deallocate(nil) }) { return .deallocateAll }
        for case .deallocate(let name?) in commands.map(\.command) where StatementSerial.isName(name) {
            // One that clients share: what is prepared there is not known any more, whatever comes behind it.
            server.pointee.needs(.discardAll)
            return .unknown
        }
        return .none
    }

    /// The commands of a text; nil where the grammar does not know it, or it would take long to read.
    func parse(_ text: RawSpan, _ client: ClientPointer) -> [ParsedCommand]? {
        if text.byteCount > options.statementTextLimit { return nil }
        return SessionCommands.parse(
            text,
            standardConformingStrings: client.pointee.context?.context.standardConformingStrings ?? true
        )
    }

    /// Code runs that may set whatever it likes: the server is asked for all that its session has set then, and for
    /// what in the text could be the name of a custom setting.
    private func doubtSettings(_ text: RawSpan, _ client: ClientPointer) {
        guard mayChangeSettings(client) else { return }
        let extras = extras(of: client)
        extras.doubts.addAll()
        for name in SettingDoubts.customNames(in: text.text(0..<text.byteCount)) { extras.doubts.add(name) }
    }

    /// A change of settings travels with the client, when the server has said what it comes to.
    private func noteSettings(_ effects: SessionEffects, _ text: RawSpan, _ client: ClientPointer)
        -> LedgerEntry.Effect
    {
        guard let commands = parse(text, client) else {
            pin(client, .setting, by: text)
            return .none
        }
        let bound = client.pointee.extras?.bound ?? []
        // That set_config is called is said of the text; of its statements those are meant that could.
        var calls = [Bool](repeating: effects.contains(.setConfig), count: commands.count)
        if commands.count > 1, effects.contains(.setConfig) {
            for (index, parsed) in commands.enumerated() {
                calls[index] = Self.mentionsSetConfig(text.extracting(parsed.range))
            }
        }
        let reading = SettingChange.read(
            commands,
            callsSetConfig: calls,
            parameters: bound
        )
        if reading.changes.contains(.resetAll) { extras(of: client).resetsOwnSettings = true }
        // What is created from now on may be temporary, and nothing in its own text says so.
        if text.text(0..<text.byteCount).lowercased().contains("pg_temp") {
            pin(client, .temporaryObject, by: text)
            client.pointee.pinRecord?.mayMake(.everything)
        }
        if reading.hidesCustom { pin(client, .setting, by: text) }
        // What lasts to the end of the transaction (SET LOCAL) is the server's own business.
        if reading.changes.isEmpty, !reading.isIncomplete { return .none }
        guard client.pointee.outstanding == 0,
            client.pointee.transaction == .none || client.pointee.transaction == .open
        else {
            pin(client, .setting, by: text)
            return .none
        }
        guard hasRoom(for: reading.changes.count, client) else {
            pin(client, .setting, by: text)
            return .none
        }
        let extras = extras(of: client)
        if reading.isIncomplete { extras.doubts.addAll() }
        for change in reading.changes {
            if reading.isUncertain { extras.doubts.addWhole(change) } else { extras.doubts.add(change) }
        }
        extras.pendingSettings += reading.changes.map { .change($0) }
        return .settings
    }

    /// Whether a statement may call set_config or write to `pg_settings`: by name, or by one that is written in escapes
    /// (PostgreSQL documentation, 4.1.1).
    private static func mentionsSetConfig(_ statement: RawSpan) -> Bool {
        let words = statement.text(0..<statement.byteCount).lowercased()
        return words.contains("set_config") || words.contains("pg_settings") || words.contains("u&\"")
    }

    /// Transaction control in a transaction that has changed settings.
    private func noteSavepoint(_ text: RawSpan, _ client: ClientPointer) -> LedgerEntry.Effect {
        let extras = extras(of: client)
        guard client.pointee.outstanding == 0, let commands = parse(text, client),
            let step = SettingsJournal.step(in: commands), hasRoom(for: 1, client)
        else {
            extras.doubtJournal()
            return .none
        }
        extras.pendingSettings.append(step)
        return .settings
    }

    /// Whether so many more changes of one transaction can be followed.
    func hasRoom(for changes: Int, _ client: ClientPointer) -> Bool {
        guard let extras = client.pointee.extras else { return changes <= SettingsJournal.mostEntries }
        return extras.pendingSettings.count + changes <= SettingsJournal.mostEntries && !extras.journal.isFull
    }

    /// Whether a statement must be noted before it is sent.
    @inline(__always)
    func mustNote(_ statementClass: StatementClass, _ client: ClientPointer) -> Bool {
        statementClass.mustBeNoted || client.pointee.pin != nil
            || (client.pointee.extras != nil && statementClass.transaction != .none)
            || (statementClass.access != .read && notesWrites(client.pointee.pool.unsafelyUnwrapped))
    }

    /// Whether writes, too, may leave something that others of the pool must know.
    @inline(__always)
    private func notesWrites(_ pool: PoolPointer) -> Bool {
        pool.pointee.asksForSequences || pool.pointee.listening != nil
    }

    func extras(of client: ClientPointer) -> ClientExtras {
        if let extras = client.pointee.extras { return extras }
        let extras = ClientExtras()
        client.pointee.extras = extras
        return extras
    }

    /// A statement has succeeded that does something to its session.
    func applyEffect(_ effect: LedgerEntry.Effect, _ server: ServerPointer) {
        let client = clients[server.pointee.client]
        switch effect {
        case .none, .settings: break
        case .prepare: server.pointee.extras.preparing?.hasSucceeded = true
        case .discardTemporary: if let client { endPin(client, .temporaryObject) }
        case .discardSequences: if let client { endPin(client, .sequence) }
        case .deallocateAll:
            forgetStatements(of: server)
            if let client { forgetNames(client, butThoseChangedBy: server) }
        case .discardAll:
            serverIsPristine(server)
            forgetStatements(of: server)
            // Nothing has been sent behind it: see `isForgetting`.
            server.pointee.cleanup = server.pointee.cleanup.afterDiscardAll
            if let client {
                client.pointee.surroundings = nil
                forgetNames(client, butThoseChangedBy: server)
                endPins(client)
                resetOwnSettings(client)
                unlistenAll(client)
                let start = profiles.settings(of: client.pointee.startProfile)
                let before = profiles.settings(of: client.pointee.profile)
                setProfile(client, start + SettingChange.emptied(before, start))
            }
        case .unknown:
            server.pointee.needs(.discardAll)
            if let client {
                let text = server.pointee.extras.unknownStatement
                pin(client, .notUnderstood, by: Array(text.utf8).span.bytes)
            }
        }
    }

    /// The tag of a command that has succeeded, while settings are being changed: it tells how a transaction ended.
    func noteTag(_ body: RawSpan, _ client: ClientPointer) {
        guard let extras = client.pointee.extras, let end = body.firstZero(from: 0) else { return }
        let tag = body.text(0..<end)
        switch tag {
        case "LISTEN", "UNLISTEN": extras.channelHasChanged()
        case "COMMIT", "PREPARE TRANSACTION": transactionEnded(client, extras, committed: true)
        case "ROLLBACK": transactionEnded(client, extras, committed: false)
        default: break
        }
    }

    /// What it has done to settings and channels holds or not from here on, whatever follows it in its text or batch.
    private func transactionEnded(_ client: ClientPointer, _ extras: ClientExtras, committed: Bool) {
        if !extras.ends.isEmpty, case .goesBack(let savepoint) = extras.ends.removeFirst() {
            return extras.journal.apply(.rollbackTo(savepoint))
        }
        let done = extras.journal.end()
        if committed {
            extras.committedSettings += done.settings
            // The client listens from the end of the cycle on: until then the server tells it.
            extras.committedChannels += done.channels
        }
        guard client.pointee.consistency?.journal.isOpen == true else { return }
        ownTransactionEnded(client, committed: committed)
        extras.hasSettledOwn = true
    }

    /// Gives the session these settings, and the context in which its texts are to be understood from now on.
    func setProfile(_ client: ClientPointer, _ settings: [SessionSetting]) {
        let profile = profiles.intern(settings)
        profiles.release(client.pointee.profile)
        client.pointee.profile = profile
        if client.pointee.surroundings == nil { client.pointee.parseContext = profiles.context(of: profile) }
        client.pointee.context = context(for: settings, client.pointee.pool.unsafelyUnwrapped)
    }

    func context(for settings: [SessionSetting], _ pool: PoolPointer) -> SessionContext? {
        let key = ContextKey(settings)
        if key == .ordinary { return nil }
        if let known = pool.pointee.contexts[key] { return known }
        if pool.pointee.contexts.count >= 256 { pool.pointee.contexts.removeAll() }
        let context = SessionContext(context: makeContext(key, pool), stamp: databases.catalogs.takeStamp())
        pool.pointee.contexts[key] = context
        return context
    }

    private func makeContext(_ key: ContextKey, _ pool: PoolPointer) -> ClassificationContext {
        let catalog = pool.pointee.catalog
        let user = key.role ?? pool.pointee.user
        return ClassificationContext(
            facts: catalog.facts,
            searchPath: key.searchPath.map { SearchPath(setting: $0, user: user) } ?? catalog.searchPath(forRole: user),
            standardConformingStrings: key.standardConformingStrings,
            encodingKeepsASCII: key.encodingKeepsASCII,
            policy: pool.pointee.context.policy
        )
    }

    /// Catalog facts have come: texts are understood by them from now on.
    func setCatalog(of pool: PoolPointer, _ catalog: DatabaseCatalog) {
        pool.pointee.catalog = catalog
        pool.pointee.isolation = catalog.isolation(forRole: pool.pointee.user)
        pool.pointee.context = ClassificationContext(
            facts: catalog.facts,
            searchPath: catalog.searchPath(forRole: pool.pointee.user),
            policy: RoutingPolicy(
                foreignTablesOnReplica: pool.pointee.options.foreignTablesOnReplicas,
                serverLocalViewsOnReplica: pool.pointee.options.serverLocalViewsOnReplicas
            )
        )
        pool.pointee.contextStamp = databases.catalogs.takeStamp()
        for (key, context) in pool.pointee.contexts {
            context.context = makeContext(key, pool)
            context.stamp = databases.catalogs.takeStamp()
        }
    }

    /// Classes that interned statements remember are looked up anew.
    func forgetClasses(of pool: PoolPointer) {
        pool.pointee.contextStamp = databases.catalogs.takeStamp()
        for context in pool.pointee.contexts.values { context.stamp = databases.catalogs.takeStamp() }
    }

    /// The server has none of the statements but those that messages behind this reply are about to prepare.
    private func forgetStatements(of server: ServerPointer) {
        server.pointee.conversation.hasForgotten()
    }

    /// The client's names mean nothing any more, but for those to which messages behind this reply have given a meaning
    /// since. Their places stay: the ledger refers to them.
    private func forgetNames(_ client: ClientPointer, butThoseChangedBy server: ServerPointer) {
        var changed: Set<UInt32> = []
        for index in 0..<server.pointee.conversation.ledger.count {
            let entry = server.pointee.conversation.ledger[index]
            guard entry.changesName, entry.place.index != ClientStatements.Place.unnamed.index,
                changed.insert(entry.place.index).inserted
            else { continue }
            statements.release(server.pointee.conversation.takePrevious(at: index))
        }
        if changed.isEmpty { return forgetNames(client) }
        client.pointee.statements.forgetAll(but: changed) { statements.release($0) }
    }

    /// DEALLOCATE ALL: the client's names mean nothing any more.
    func forgetNames(_ client: ClientPointer) {
        client.pointee.statements.forEach { statements.release($0) }
        changeNames(client) { $0.removeAll() }
    }
}

extension StatementClass {
    /// Whether it may leave anything behind in its session.
    @inline(__always)
    var mayChangeSession: Bool {
        effects.meets(Self.notable) || (access == .unknown && reason != .preparedExecute)
    }

    /// Whether it must be looked at before it is sent.
    @inline(__always)
    var mustBeNoted: Bool {
        effects.meets(Self.notable | .execute | .setLocal) || (access == .unknown && reason != .preparedExecute)
    }

    /// Whether it prepares, runs or gives back statements by SQL.
    @inline(__always)
    var namesPrepared: Bool { effects.meets(.prepare | .execute | .deallocate) }

    private static var notable: SessionEffects {
        .set | .reset | .setConfig | .discard | .prepare | .deallocate | .listen | .unlisten | .temporaryObject
            | .advisoryLockSession | .holdCursor | .setSeed | .load | .codeBlock | .callsUserFunction
            | .changesCatalogFacts | .clusterCommand
    }
}

extension PinReason {
    /// What of a statement's effects cannot be carried to another server.
    init?(_ effects: SessionEffects) {
        if effects.contains(.temporaryObject) {
            self = .temporaryObject
        } else if effects.contains(.advisoryLockSession) {
            self = .advisoryLock
        } else if effects.contains(.holdCursor) {
            self = .holdCursor
        } else if effects.contains(.prepare) {
            self = .preparedBySQL
        } else if effects.contains(.setSeed) {
            self = .seed
        } else if effects.contains(.load) {
            self = .library
        } else {
            return nil
        }
    }
}
