/// The text of a node's configuration files.
struct NodeConfiguration {
    let name: String
    let port: UInt16
    let socketDirectory: String
    let options: LocalClusterOptions

    /// postgresql.conf, whole: `initdb`'s is not kept.
    ///
    /// Nothing outlives the cluster, so nothing is worth a flush to disk; and what would be left behind outside its
    /// directory after SIGKILL (POSIX shared memory) is kept inside.
    var main: String {
        var lines = [
            "cluster_name = '\(name)'",
            "listen_addresses = '127.0.0.1'",
            "port = \(port)",
            "unix_socket_directories = '\(socketDirectory)'",
            "unix_socket_permissions = 0777",
            "max_connections = \(options.maxConnections)",
            "shared_buffers = 128MB",
            "dynamic_shared_memory_type = mmap",
            "fsync = off",
            "full_page_writes = off",
            "synchronous_commit = on",
            "wal_level = replica",
            "wal_keep_size = 256MB",
            "wal_retrieve_retry_interval = 100ms",
            "max_wal_senders = \(10 + 2 * options.replicas)",
            "max_replication_slots = \(10 + options.replicas)",
            "hot_standby = on",
            "password_encryption = '\(options.authentication == .md5 ? "md5" : "scram-sha-256")'",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "datestyle = 'iso, mdy'",
            "default_text_search_config = 'pg_catalog.english'",
            "lc_messages = 'C'",
            "logging_collector = off",
            "log_line_prefix = '%m [%p] %q%u@%d '",
        ]
        if !options.sharedPreloadLibraries.isEmpty {
            lines.append("shared_preload_libraries = '\(options.sharedPreloadLibraries.joined(separator: ","))'")
        }
        return (lines + options.configuration).joined(separator: "\n") + "\n"
    }

    /// pg_hba.conf, whole.
    var hostBasedAuthentication: String {
        let method = options.authentication.rawValue
        let lines =
            options.hostBasedAuthentication + [
                "local all all trust",
                "host all postgres 127.0.0.1/32 trust",
                "host replication postgres 127.0.0.1/32 trust",
                "host all all 127.0.0.1/32 \(method)",
            ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// What makes a node stream from the primary that listens on `primaryPort`; it goes behind `main`.
    func streaming(from primaryPort: UInt16) -> String {
        var text = "primary_conninfo = 'host=127.0.0.1 port=\(primaryPort) user=postgres application_name=\(name)'\n"
        if options.usesReplicationSlots { text += "primary_slot_name = '\(name)'\n" }
        return text
    }
}
