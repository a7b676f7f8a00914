/// What the next Parse of a client meets on its server, where that is not simply the session's settings and the schema
/// that all can see: in a transaction that has changed settings or the schema, and behind code that is not seen.
final class ParseSurroundings {
    /// How long it lasts.
    enum Duration {
        case transaction
        /// As long as the client keeps its server.
        case server
    }

    var duration: Duration
    /// The settings of the moment, in the order of their names; nil where they are not known.
    var settings: [SessionSetting]?
    /// Whether what the server has prepared is there for sure, and means to this session what it would have meant had
    /// the session prepared it itself: then it is used as long as it is there. Not so behind code that is not seen.
    var keepsPrepared: Bool

    init(duration: Duration, settings: [SessionSetting]?, keepsPrepared: Bool) {
        self.duration = duration
        self.settings = settings
        self.keepsPrepared = keepsPrepared
    }
}
