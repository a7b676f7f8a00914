import Bytes

/// Where and when a text was parsed: with the text itself, what makes an interned statement the one that it is.
struct ParseScope: Hashable, BitwiseCopyable {
    /// Servers of another database or user may have other defaults, and know other names.
    var pool = Handle.none
    /// Counts the changes of the database's schema: a Parse behind one finds nothing of what was parsed before it.
    var epoch: UInt32 = 0
    /// Named and unnamed statements are planned in different ways (see `ServerStatements`), but for those that have
    /// only one plan: they count as named.
    var isNamed = true
    /// The settings under which its Parse has been sent, or must be.
    var parsedUnder = ParseContext.plain
    /// The settings of the sessions that run it. PostgreSQL parses a prepared statement again by the settings of the
    /// moment when its search_path or a table has changed, so it is shared only among sessions where these agree too.
    var usedUnder = ParseContext.plain

    /// Of statements of the proxy's own.
    static let proxy = ParseScope()

    init() {}

    @inline(__always)
    init(pool: Handle, epoch: UInt32, isNamed: Bool, context: ParseContext) {
        self.pool = pool
        self.epoch = epoch
        self.isNamed = isNamed
        parsedUnder = context
        usedUnder = context
    }

    /// The same in every epoch.
    var mixedForEver: UInt64 {
        var scope = self
        scope.epoch = 0
        return scope.mixed
    }

    /// For hashes, which need not tell all scopes apart.
    @inline(__always)
    var mixed: UInt64 {
        let place = pool.rawValue &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(epoch) << 1 &+ (isNamed ? 1 : 0)
        return place &* 0xC2B2_AE3D_27D4_EB4F ^ parsedUnder.rawValue ^ usedUnder.rawValue << 17
    }
}
