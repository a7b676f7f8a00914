/// The functions of pg_catalog by name, and what calling them does to a session.
enum BuiltinFunctions {
    private static let harmlessVolatile = names(BuiltinFunctionNames.harmlessVolatile)
    private static let needPrimary = names(BuiltinFunctionNames.volatile)
        .union(names(BuiltinFunctionNames.primaryThoughNotVolatile))
    private static let harmless = names(BuiltinFunctionNames.harmless)

    private static func names(_ list: StaticString) -> Set<String> {
        Set(list.description.split(separator: " ").map(String.init))
    }

    /// What is built in about a name of pg_catalog.
    static func resolve(_ name: String) -> FunctionResolution {
        if needPrimary.contains(name) { return .needsPrimary }
        return harmlessVolatile.contains(name) || harmless.contains(name) || isServerLocal(name) ? .harmless : .unknown
    }

    /// The same, where the server's own catalog tells the volatility.
    static func resolve(_ name: String, volatility: FunctionFact.Volatility) -> FunctionResolution {
        if needPrimary.contains(name) { return .needsPrimary }
        return volatility == .volatile && !harmlessVolatile.contains(name) ? .needsPrimary : .harmless
    }

    /// Functions behind the pg_stat_ views.
    static func isServerLocal(_ name: String) -> Bool {
        name.hasPrefix("pg_stat_get_") || name == "pg_show_all_settings"
    }

    /// Whether the answer hangs on which relations the session sees under which names, or on which server's session it
    /// is: a function that takes a relation's name as text, or tells of visibility. Of those that begin with pg_ only
    /// the ones named here do not.
    static func looksAtSession(_ name: String) -> Bool {
        switch name {
        case "current_schemas", "format_type", "row_security_active": true
        case "pg_sleep", "pg_sleep_for", "pg_sleep_until", "pg_column_size", "pg_size_bytes", "pg_size_pretty": false
        default:
            name.hasPrefix("pg_") || name.hasPrefix("has_") || name.hasPrefix("to_reg") || name.contains("_to_xml")
        }
    }

    /// What a call leaves behind in the session.
    static func effects(of name: String) -> SessionEffects {
        switch name {
        case "nextval", "setval": return [.sequenceUse, .movesSequence]
        case "currval", "lastval": return [.sequenceUse, .sequenceRead]
        case "set_config": return .setConfig
        case "setseed": return .setSeed
        case "pg_notify": return .notify
        case "pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared":
            return .advisoryLockSession
        case "pg_advisory_unlock", "pg_advisory_unlock_shared", "pg_advisory_unlock_all": return .advisoryUnlock
        case "pg_backend_pid": return .readsProcess
        case "pg_cancel_backend", "pg_terminate_backend": return .signalsProcess
        case "loread", "lowrite": return .largeObject
        default: return name.hasPrefix("lo_") ? .largeObject : []
        }
    }
}

/// What is known of the functions that a call may mean.
enum FunctionResolution: Equatable {
    /// All of them can run on a replica.
    case harmless
    /// One of them needs the primary.
    case needsPrimary
    /// There is none that is known.
    case unknown
}

/// Views of pg_catalog that show what each server keeps for itself, so that a replica's answer is another one.
enum ServerLocalViews {
    private static let names: Set<String> = [
        "pg_locks", "pg_settings", "pg_file_settings", "pg_hba_file_rules", "pg_ident_file_mappings", "pg_cursors",
        "pg_prepared_statements", "pg_prepared_xacts", "pg_replication_slots", "pg_replication_origin_status",
        "pg_shmem_allocations", "pg_shmem_allocations_numa", "pg_backend_memory_contexts", "pg_buffercache", "pg_aios",
        "pg_dsm_registry_allocations",
    ]

    static func contains(_ name: String) -> Bool {
        // Extensions put theirs (pg_stat_statements, pg_buffercache) into any schema.
        name.hasPrefix("pg_stat_") || name.hasPrefix("pg_statio_") || names.contains(name)
    }
}
