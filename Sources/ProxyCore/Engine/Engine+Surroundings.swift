import Bytes
import PostgresWire
import StatementRouting

/// What a client's statements are parsed under: settings and schema, of the session, of its transaction, and behind
/// code that is not seen. Who agrees in all of it shares what servers have prepared.
extension Engine {
    /// Where a client's next Parse belongs.
    @inline(__always)
    func scope(of client: ClientPointer, isNamed: Bool) -> ParseScope {
        let pool = client.pointee.pool.unsafelyUnwrapped
        return ParseScope(
            pool: pool.pointee.handle,
            epoch: pool.pointee.epoch,
            isNamed: isNamed,
            context: client.pointee.parseContext
        )
    }

    /// Whether what the client parses now is of use to nobody else.
    func parsesAlone(_ client: ClientPointer) -> Bool {
        guard let surroundings = client.pointee.surroundings else { return false }
        return surroundings.settings == nil
    }

    /// The settings under which a client's next Parse is met, as far as they are known; the reference is the caller's.
    func profileOfMoment(_ client: ClientPointer) -> ProfileID {
        if let settings = client.pointee.surroundings?.settings { return profiles.intern(settings) }
        profiles.retain(client.pointee.profile)
        return client.pointee.profile
    }

    // MARK: Changes of what is met

    /// From now on nobody is known to meet the same as this client.
    /// - Parameter keepsPrepared: whether what its server has prepared still is what it was.
    func meetsOwn(_ client: ClientPointer, _ duration: ParseSurroundings.Duration, keepsPrepared: Bool) {
        client.pointee.parseContext = profiles.uniqueContext()
        if let surroundings = client.pointee.surroundings {
            if surroundings.duration == .transaction { surroundings.duration = duration }
            surroundings.keepsPrepared = surroundings.keepsPrepared && keepsPrepared
            surroundings.settings = nil
        } else {
            client.pointee.surroundings = ParseSurroundings(
                duration: duration,
                settings: nil,
                keepsPrepared: keepsPrepared
            )
        }
    }

    /// The session's settings, and the schema as all see it, are what counts again.
    func meetsOthers(_ client: ClientPointer) {
        client.pointee.surroundings = nil
        client.pointee.parseContext = profiles.context(of: client.pointee.profile)
    }

    /// A cycle has ended outside of a transaction.
    @inline(__always)
    func settleSurroundings(_ client: ClientPointer) {
        guard let surroundings = client.pointee.surroundings else { return }
        if surroundings.duration == .transaction || client.pointee.pin == nil { meetsOthers(client) }
    }

    /// Notes what a statement that is about to be sent changes of what later ones meet, in its transaction and for
    /// others.
    func noteSurroundings(
        _ statementClass: StatementClass,
        _ text: RawSpan,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) {
        let effects = statementClass.effects
        if effects.meets(.set | .reset | .setConfig | .setLocal) { noteSettingsMet(effects, text, client) }
        if effects.contains(.temporaryObject) {
            if !statementClass.onlyUsesTemporary {
                // A server that has had temporary objects before has them in its path all along: it does not notice
                // that they come in front of what its statements were parsed for.
                meetsOwn(client, .server, keepsPrepared: false)
            } else if client.pointee.surroundings?.settings == nil, let surroundings = client.pointee.surroundings {
                surroundings.duration = .server
            } else {
                meetsOwn(client, .server, keepsPrepared: true)
            }
        } else if effects.contains(.changesCatalogFacts) || statementClass.mayBeDefinition {
            server.pointee.changesSchema = true
            schemaChanged(server.pointee.pool.pointee.options.databaseOnServer)
            meetsOwn(client, .transaction, keepsPrepared: true)
        }
        if statementClass.transaction.goesBack, let surroundings = client.pointee.surroundings {
            meetsOwn(client, .transaction, keepsPrepared: surroundings.keepsPrepared)
        }
        if effects.meets(.codeBlock | .callsUserFunction) || statementClass.isNotUnderstood {
            meetsOwn(client, .server, keepsPrepared: false)
        }
    }

    private func noteSettingsMet(_ effects: SessionEffects, _ text: RawSpan, _ client: ClientPointer) {
        let bound = client.pointee.extras?.bound ?? []
        guard client.pointee.surroundings == nil || client.pointee.surroundings?.settings != nil,
            let commands = parse(text, client),
            let changes = SettingChange.allChanges(in: commands, parameters: bound)
        else { return meetsOwn(client, .transaction, keepsPrepared: false) }
        let start = profiles.settings(of: client.pointee.startProfile)
        var settings = client.pointee.surroundings?.settings ?? profiles.settings(of: client.pointee.profile)
        for change in changes { settings = change.applied(to: settings, start: start) }
        // A value may be given in part (DateStyle): so it is what has been done that counts, to whatever was there.
        client.pointee.parseContext = profiles.context(client.pointee.parseContext, changedBy: text, bound)
        client.pointee.surroundings = ParseSurroundings(
            duration: .transaction,
            settings: settings.sorted(),
            keepsPrepared: false
        )
    }

    // MARK: The schema

    /// The schema of a database (by its name on the servers) has changed, or may have: what is parsed from now on meets
    /// nothing that was parsed before.
    func schemaChanged(_ database: String) {
        let epoch = databases.schemas.move(database)
        forEachPool { pool in
            if pool.pointee.options.databaseOnServer == database { pool.pointee.epoch = epoch }
        }
    }

    /// The transaction in which a server has changed the schema is over, well or not.
    func schemaChangeEnded(_ server: ServerPointer) {
        server.pointee.changesSchema = false
        let database = server.pointee.pool.pointee.options.databaseOnServer
        schemaChanged(database)
        if !roster.replicas.isEmpty { databases.schemas.awaitReplay(of: database, by: samples.next) }
    }

    /// Replicas have told how far they are.
    func settleSchemas() {
        var covered = SampleNumber.max
        for index in roster.topology.nodes.indices where roster.topology.nodes[index].state.role == .replica {
            covered = min(covered, roster.freshness[index].covered)
        }
        for database in databases.schemas.takeReplayed(covered: covered) { schemaChanged(database) }
    }

    // MARK: What a client's name means on its server

    /// The statement that is to be on the server for one that the client has a name for: the same, unless the session
    /// runs it under other settings than those under which it was prepared.
    @inline(__always)
    func inUse(_ id: StatementID, _ client: ClientPointer, _ server: ServerPointer) -> StatementID {
        if statements[id].pointee.scope.usedUnder == client.pointee.parseContext { return id }
        return variant(of: id, client, server)
    }

    private func variant(of id: StatementID, _ client: ClientPointer, _ server: ServerPointer) -> StatementID {
        let record = statements[id].pointee
        if let surroundings = client.pointee.surroundings, surroundings.keepsPrepared, surroundings.settings == nil,
            server.pointee.conversation.statements.contains(record.serial)
        {
            return id
        }
        var scope = record.scope
        scope.usedUnder = client.pointee.parseContext
        let body = Array(record.body)
        if let found = statements.find(body.span.bytes, in: scope) { return found }
        let variant = statements.internAnyway(
            body.span.bytes,
            in: scope,
            record.profile,
            textSize: record.textSize,
            statementClass: record.statementClass,
            classStamp: record.classStamp
        )
        statements[variant].pointee.isShared = record.isShared
        if var description = statements.description(of: id) {
            // What servers have said of the other says nothing of this one.
            description.checkedIn = 0
            description.isStillTrue = true
            statements[variant].pointee.isDescribed = true
            statements.describe(variant, description)
        }
        return variant
    }

    /// Has the server take on the settings under which a statement was prepared, for the Parse that follows; the
    /// session's own come back behind it (`leaveSettings`). Both are part of the batch, and local to its transaction,
    /// so that they cannot outlive an error.
    /// - Returns: the names of what has been changed.
    func enterSettings(of id: StatementID, _ client: ClientPointer, _ server: ServerPointer) -> [String] {
        let record = statements[id].pointee
        guard record.scope.parsedUnder != client.pointee.parseContext, record.statementClass.transaction == .none else {
            return []
        }
        let wanted = profiles.settings(of: record.profile)
        let known = client.pointee.surroundings.map { $0.settings } ?? profiles.settings(of: client.pointee.profile)
        let present = known ?? profiles.settings(of: client.pointee.profile)
        let names = Set((wanted + present).map(\.name)).filter { name in
            guard ParseContext.isSwitched(name) else { return false }
            // What is not known may be anything by now.
            return known == nil
                || wanted.first { $0.name == name }?.value != present.first { $0.name == name }?.value
        }.sorted()
        if names.isEmpty { return [] }
        let calls = names.enumerated().map { number, name in
            let value = wanted.first { $0.name == name }.map { ProfileStore.literal($0.value) } ?? "NULL"
            return
                "pg_catalog.set_config('\(Self.keptSetting(number))',pg_catalog.current_setting('\(name)',true),true),"
                + "pg_catalog.set_config('\(name)',\(value),true)"
        }
        injectSelect(calls, server)
        return names
    }

    func leaveSettings(_ names: [String], _ server: ServerPointer) {
        if names.isEmpty { return }
        let calls = names.enumerated().map { number, name in
            "pg_catalog.set_config('\(name)',pg_catalog.current_setting('\(Self.keptSetting(number))'),true)"
        }
        injectSelect(calls, server)
    }

    /// Where a setting's value is kept meanwhile.
    private static func keptSetting(_ number: Int) -> String { "howdah.kept_\(number)" }

    /// Runs calls in the middle of a batch, by a portal that nobody else names. So is the statement where the server
    /// has an unnamed one, which a Bind behind it may mean.
    private func injectSelect(_ calls: [String], _ server: ServerPointer) {
        let hasUnnamed = server.pointee.conversation.unnamed != .none && server.pointee.conversation.unnamed != .unknown
        let name = hasUnnamed ? "howdah_settings" : ""
        var builder = MessageBuilder()
        // An error may have left it there.
        if hasUnnamed { builder.close("S", name) }
        builder.parse(name: name, text: "SELECT " + calls.joined(separator: ","))
        builder.bind(portal: "howdah", statement: name, parameters: [])
        builder.execute(portal: "howdah", maximumRows: 0)
        builder.close("P", "howdah")
        if hasUnnamed { builder.close("S", name) }
        server.pointee.conversation.inject(builder, .prepare, touchesUnnamed: !hasUnnamed, from: buffers)
        touch(server)
    }
}

extension ParseContext {
    /// Whether a setting is changed for a Parse that needs another value. Custom ones are not: they are read when a
    /// statement runs. Nor who the session is: that is a matter of rights, which are looked at when it runs.
    fileprivate static func isSwitched(_ name: String) -> Bool {
        !isHarmless(name) && !name.contains(".") && name != "session_authorization"
            && name.utf8.allSatisfy {
                ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z") || $0 == UInt8(ascii: "_")
            }
    }
}

extension StatementClass {
    /// Nothing is known of what it does.
    var isNotUnderstood: Bool { access == .unknown && reason != .preparedExecute }

    /// Whether what it has to do with temporary objects is to read or write some that are there, and to make none.
    fileprivate var onlyUsesTemporary: Bool {
        statementCount == 1 && !effects.contains(.ddl) && (reason == .dml || reason == .temporaryTable)
    }

    /// Whether it may change the schema though it does not say so: a block of code, and what the grammar does not know.
    var mayBeDefinition: Bool {
        switch reason {
        case .doBlock: true
        case .unparsable, .tooDeep, .clientEncoding: access == .unknown
        default: false
        }
    }
}

extension TransactionEffect {
    /// Whether what the transaction has done may be undone by it in part.
    var goesBack: Bool { self == .rollbackToSavepoint || self == .mixed }
}
