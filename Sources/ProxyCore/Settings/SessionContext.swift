import StatementRouting

/// How the texts of sessions with certain settings are to be understood: shared by all sessions of a pool that have the
/// same of them.
final class SessionContext {
    var context: ClassificationContext
    var stamp: UInt32

    init(context: ClassificationContext, stamp: UInt32) {
        self.context = context
        self.stamp = stamp
    }
}
