/// The command line of `howdah demo`.
struct DemoArguments: Equatable {
    /// What a command line asks for.
    enum Parsed: Equatable {
        case demo(DemoArguments)
        case help
        /// It can not be understood, for this reason.
        case wrong(String)
    }

    /// The proxy's port; 0 for any free one.
    var port: UInt16 = 6432
    /// How many streaming replicas stand beside the primary.
    var replicas = 2
    /// Lines of every node's postgresql.conf, behind those that the demo has of its own.
    var nodeSettings: [String] = []
    /// A shell command to run against the proxy; nil to wait for Ctrl-C.
    var command: String?

    /// More would take longer to start than a demo is worth.
    static let replicaLimit = 8

    static let usage = """
        usage: howdah demo [--port PORT] [--replicas COUNT] [--node-setting 'NAME = VALUE']...
                           [--exec 'COMMAND']

        Starts a throw-away PostgreSQL primary with streaming replicas and Howdah in front of them.

          --port PORT       the port that Howdah listens on (default 6432; 0 takes any free one)
          --replicas COUNT  how many replicas (default 2, at most \(replicaLimit))
          --node-setting 'NAME = VALUE'
                            a line for every node's postgresql.conf; may be given again
          --exec COMMAND    runs COMMAND under sh with PGHOST, PGPORT, PGUSER and PGDATABASE set to Howdah, and
                            HOWDAH_DEMO_PRIMARY, HOWDAH_DEMO_REPLICA_1 ... to each node's own URI; ends with
                            COMMAND's exit status. Without it the demo runs until Ctrl-C.

        The PostgreSQL binaries are looked for in HOWDAH_PG_BIN, /usr/lib/postgresql/*/bin and PATH.

        """

    /// - Parameter arguments: what follows `howdah demo`. An option's value follows it, or an equals sign.
    static func parse(_ arguments: [String]) -> Parsed {
        var parsed = DemoArguments()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--help" || argument == "-h" { return .help }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = Option(rawValue: parts[0]) else {
                let isOption = argument.hasPrefix("-")
                return .wrong("unknown \(isOption ? "option" : "argument") '\(argument)'")
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                return .wrong("\(option.rawValue) wants a value")
            }
            if let complaint = parsed.set(option, value) { return .wrong(complaint) }
        }
        return .demo(parsed)
    }

    private enum Option: String {
        case port = "--port"
        case replicas = "--replicas"
        case nodeSetting = "--node-setting"
        case exec = "--exec"
    }

    /// - Returns: what is wrong with the value; nil where it was taken.
    private mutating func set(_ option: Option, _ value: String) -> String? {
        switch option {
        case .port:
            guard let port = UInt16(value) else { return "--port wants a number from 0 to 65535, not '\(value)'" }
            self.port = port
        case .replicas:
            guard let count = Int(value), (0...Self.replicaLimit).contains(count) else {
                return "--replicas wants a number from 0 to \(Self.replicaLimit), not '\(value)'"
            }
            replicas = count
        case .nodeSetting:
            guard value.contains("="), !value.contains(where: \.isNewline) else {
                return "--node-setting wants 'NAME = VALUE', not '\(value)'"
            }
            nodeSettings.append(value)
        case .exec:
            guard !value.isEmpty else { return "--exec wants a command" }
            command = value
        }
        return nil
    }
}
