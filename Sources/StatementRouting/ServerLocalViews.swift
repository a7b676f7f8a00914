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
