/// What a text's class depends on beside the text: catalog facts, the session's search_path and settings.
///
/// Immutable: another is made when one of them changes.
package final class ClassificationContext: Sendable {
    package let facts: CatalogFacts
    /// The session's search_path, or nil where it is not known (then any schema's function or relation counts).
    package let searchPath: SearchPath?
    /// The session's `standard_conforming_strings`.
    package let standardConformingStrings: Bool
    /// Whether in the session's `client_encoding` every byte below 0x80 is the ASCII character. Not so in SJIS, BIG5,
    /// GBK, UHC, GB18030, JOHAB and SHIFT_JIS_2004, where a backslash may be half of a letter.
    package let encodingKeepsASCII: Bool
    package let policy: RoutingPolicy
    /// Differs between contexts that may give the same text different classes.
    let identity: Identity

    struct Identity: Equatable, BitwiseCopyable {
        var facts: UInt64
        var searchPath: UInt64
        var flags: UInt64

        /// For hashes, which need not tell all identities apart.
        @inline(__always)
        var mixed: UInt64 { facts &* 0x9E37_79B9_7F4A_7C15 &+ searchPath << 4 ^ flags }
    }

    /// - Parameter searchPath: nil stands for a path that is not known. Pass `facts.defaultSearchPath` for a session
    ///   that has set none.
    package init(
        facts: CatalogFacts,
        searchPath: SearchPath?,
        standardConformingStrings: Bool = true,
        encodingKeepsASCII: Bool = true,
        policy: RoutingPolicy = RoutingPolicy()
    ) {
        self.facts = facts
        self.searchPath = searchPath
        self.standardConformingStrings = standardConformingStrings
        self.encodingKeepsASCII = encodingKeepsASCII
        self.policy = policy
        var flags: UInt64 = standardConformingStrings ? 1 : 0
        flags |= encodingKeepsASCII ? 2 : 0
        flags |= policy.foreignTablesOnReplica ? 4 : 0
        flags |= policy.serverLocalViewsOnReplica ? 8 : 0
        identity = Identity(facts: facts.identity, searchPath: searchPath?.identity ?? 0, flags: flags)
    }
}

/// The settings that change a class.
package struct RoutingPolicy: Sendable, Equatable, BitwiseCopyable {
    /// Whether a foreign table may be read through a replica. Default: no.
    package var foreignTablesOnReplica: Bool
    /// Whether views of server-local state (pg_stat_*, pg_locks …) may be read on a replica. Default: no.
    package var serverLocalViewsOnReplica: Bool

    package init(foreignTablesOnReplica: Bool = false, serverLocalViewsOnReplica: Bool = false) {
        self.foreignTablesOnReplica = foreignTablesOnReplica
        self.serverLocalViewsOnReplica = serverLocalViewsOnReplica
    }
}
