/// What the admin console can be told, without its argument.
enum ConsoleVerb: CaseIterable {
    case showConfig
    case showHelp
    case showNodes
    case showPins
    case showVersion
    case pause
    case resume
    case drain
    case undrain
    case switchover
    case reload

    enum Argument {
        case none
        /// May be left out; the word in front of it.
        case optional(after: String?)
        case required
    }

    /// As it is typed, in capitals.
    var words: String {
        switch self {
        case .showConfig: "SHOW CONFIG"
        case .showHelp: "SHOW HELP"
        case .showNodes: "SHOW NODES"
        case .showPins: "SHOW PINS"
        case .showVersion: "SHOW VERSION"
        case .pause: "PAUSE"
        case .resume: "RESUME"
        case .drain: "DRAIN"
        case .undrain: "UNDRAIN"
        case .switchover: "SWITCHOVER"
        case .reload: "RELOAD"
        }
    }

    var argument: Argument {
        switch self {
        case .showConfig, .showHelp, .showNodes, .showPins, .showVersion, .reload: .none
        case .pause, .resume: .optional(after: nil)
        case .drain, .undrain: .required
        case .switchover: .optional(after: "TO")
        }
    }

    /// With its argument, as it is written in lists.
    var usage: String {
        switch self {
        case .showConfig, .showHelp, .showNodes, .showPins, .showVersion, .reload: words
        case .pause, .resume: words + " [database]"
        case .drain, .undrain: words + " node"
        case .switchover: words + " [TO node]"
        }
    }

    var summary: String {
        switch self {
        case .showConfig:
            "the settings of [proxy] as they are in effect, their defaults, and whether RELOAD changes them"
        case .showHelp: "the commands of this console"
        case .showNodes: "the nodes: what each is, how far it is behind, and why it is not used"
        case .showPins: "clients that keep their server, why, since when, and the statement that made it so"
        case .showVersion: "the version of this proxy"
        case .pause: "lets what runs end, keeps what is new waiting, closes free servers; returns when nothing runs"
        case .resume: "ends PAUSE"
        case .drain: "gives a node nothing new to do"
        case .undrain: "ends DRAIN"
        case .switchover: "makes a replica the primary while writes wait; returns when writes go on"
        case .reload: "reads the settings again, as SIGHUP does, and puts all of them into effect or none"
        }
    }

    /// nil where there is no result set.
    var columns: [String]? {
        switch self {
        case .showConfig: ["key", "value", "default", "changeable"]
        case .showHelp: ["command", "description"]
        case .showNodes:
            [
                "node", "address", "role", "state", "reason", "since", "timeline", "position", "lag", "weight",
                "in_flight",
                "servers", "version", "note",
            ]
        case .showPins: ["client", "user", "database", "node", "reason", "since", "statement", "address"]
        case .showVersion: ["version"]
        case .pause, .resume, .drain, .undrain, .switchover, .reload: nil
        }
    }
}
