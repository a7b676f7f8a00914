import PostgresWire
import ProxySimulation

/// A server of a node, as the script has it: lets the engine in by itself, tells what has become of settings, and says
/// nothing else of its own accord.
final class ScriptedServer: ScriptedPeer {
    let node: Int
    let processID: UInt32
    let key: [UInt8]
    private(set) var isLetIn = false
    private(set) var startup: [String: String] = [:]
    /// What it says of its settings when it is asked: as they were last set, or as the script has it.
    var values: [String: String] = [:]
    /// Whether it does so by itself.
    var tellsValues = true

    init(_ talk: Conversation, _ link: Link, node: Int, number: Int) {
        self.node = node
        processID = UInt32(1000 + number)
        key = [1, 2, 3, UInt8(number & 255)]
        super.init(talk, link)
    }

    override func words(for message: WireMessage) -> String { message.asFrontend }

    override func answersByItself(_ words: String) -> Bool {
        for change in words.matches(of: /SET "?([^" ]+)"? (?:=|TO) '([^']*)'|set_config\('([^']*)','([^']*)'/) {
            let (_, name, value, otherName, otherValue) = change.output
            if let name = name ?? otherName { values[String(name)] = String(value ?? otherValue ?? "") }
        }
        let asksForAll = words.hasPrefix("Query SELECT name,pg_catalog.current_setting(")
        guard tellsValues, asksForAll || words.hasPrefix("Query SELECT '"),
            words.contains("pg_catalog.current_setting(")
        else { return false }
        var reply = WireMessage(backend: "Columns name,value").bytes
        if asksForAll {
            for (name, value) in values where !name.contains(".") {
                reply += WireMessage(backend: "Row \(name),\(value)").bytes
            }
        }
        for question in words.matches(of: /SELECT '([^']*)',/) {
            let name = String(question.output.1)
            reply += WireMessage(backend: "Row \(name),\(values[name] ?? "")").bytes
        }
        link.toEngine += reply + WireMessage(backend: "Complete SELECT 1").bytes + WireMessage(backend: "Ready I").bytes
        return true
    }

    /// The Query that brings a server to other settings.
    static func brings(_ text: String) -> String { "Query BEGIN ISOLATION LEVEL READ COMMITTED;\(text);COMMIT" }

    override func takeUntyped(_ bytes: inout [UInt8]) {
        guard startup.isEmpty, bytes.count >= 4 else { return }
        let length = bytes[0..<4].reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count >= length else { return }
        if case .startup(_, let parameters)? = try? StartupPacket(Array(bytes[..<length]).span.bytes) {
            for parameter in parameters { startup[parameter.name] = parameter.value }
        }
        bytes.removeFirst(length)
        if talk.letsIn { letIn() }
    }

    /// - Parameter isStandby: nil: as the topology has it.
    func letIn(isStandby: Bool? = nil) {
        isLetIn = true
        var builder = MessageBuilder()
        builder.authentication(0)
        builder.parameterStatus("server_version", "17.0")
        let isStandby = isStandby ?? (talk.engine.topology.primary != node)
        builder.parameterStatus("in_hot_standby", isStandby ? "on" : "off")
        builder.backendKeyData(processID: processID, key: key)
        builder.readyForQuery(.idle)
        link.toEngine += builder.bytes
    }

    /// In one piece, all messages together.
    func sends(_ words: String...) {
        sends(bytes: words.flatMap { WireMessage(backend: $0).bytes })
    }

    /// The reply to a statement without rows.
    func completes(_ tag: String, _ status: String = "I") { sends("Complete \(tag)", "Ready \(status)") }

    /// The reply to a query for one value.
    func answers(_ value: String, _ status: String = "I") {
        sends("Columns v", "Row \(value)", "Complete SELECT 1", "Ready \(status)")
    }
}
