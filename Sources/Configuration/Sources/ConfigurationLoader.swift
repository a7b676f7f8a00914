/// Brings the sources together: file, then environment over it, then nodes; then the rules between settings.
struct ConfigurationLoader {
    private var draft: ConfigurationDraft
    private let file: String?
    private var nodes: [NodeSettings] = []

    /// - Parameter current: what is in effect, and stays so as far as it needs a restart: what is read must be right
    ///   beside that, too.
    static func load(
        file: String?,
        environment: [String: String],
        nodes: [String],
        besides current: Configuration? = nil
    ) throws(ConfigurationError) -> Configuration {
        let environment = ConfigurationEnvironment(environment)
        var loader = ConfigurationLoader(file: file, draft: ConfigurationDraft())
        loader.readFile()
        loader.draft.overlay(environment.draft)

        if !nodes.isEmpty {
            loader.addNodes(nodes.enumerated().map { ($1, .commandLineNode($0 + 1)) })
        } else if let nodes = environment.nodes {
            loader.addNodes(nodes)
        } else {
            loader.addNodesOfSections()
        }
        // Rules are told of values that are right each on its own: what a broken line may have said is not missing.
        if loader.draft.problems.isEmpty { loader.draft.problems.add(loader.rulesBroken(loader.draft)) }
        if loader.draft.problems.isEmpty, let current {
            loader.draft.problems.add(loader.rulesBroken(besides: current))
        }
        try loader.draft.problems.throwIfAny()

        let sections = loader.draft.sections.filter { $0.key.scope != .node }.mapValues { $0.mapValues(\.value) }
        return Configuration(sections: sections, nodes: loader.nodes)
    }

    private init(file: String?, draft: ConfigurationDraft) {
        self.file = file
        self.draft = draft
    }

    // MARK: File

    private mutating func readFile() {
        guard let file else { return }
        do {
            draft = ConfigurationFileParser.parse(try ConfigurationFile.read(file), path: file)
            for name in [SettingName.authFile, .patroniCAFile, .etcdCAFile] { resolve(name, from: file) }
        } catch {
            draft.problems.add(.wholeFile(path: file), error.message)
        }
    }

    /// A relative path in the file counts from the file's directory, wherever the process was started.
    private mutating func resolve(_ name: SettingName, from file: String) {
        guard case .text(let path) = draft.sections[.proxy]?[name]?.value, !path.isEmpty, !path.hasPrefix("/"),
            let slash = file.lastIndex(of: "/")
        else { return }
        draft.replace(name, in: .proxy, with: .text(String(file[...slash]) + path))
    }

    // MARK: Nodes

    private mutating func addNodes(_ conninfos: [(String, ConfigurationLocation)]) {
        for (text, location) in conninfos {
            do {
                let conninfo = try Conninfo(text)
                for endpoint in conninfo.endpoints {
                    add(endpoint, named: endpoint.name, [conninfo.values], at: location)
                }
            } catch {
                draft.problems.add(location, "this connection string cannot be used: \(error.message)")
            }
        }
    }

    private mutating func addNodesOfSections() {
        for (section, location) in draft.order {
            if case .node(let name) = section { addNodes(ofSection: section, named: name, at: location) }
        }
    }

    private mutating func addNodes(
        ofSection section: ConfigurationSection,
        named name: String,
        at location: ConfigurationLocation
    ) {
        let own = draft.sections[section] ?? [:]
        let values = draft.values(of: section)
        if let assigned = own[.conninfo], let secret = SettingLayers([values]).secret(.conninfo) {
            do {
                let conninfo = try Conninfo(secret.reveal())
                checkOverlap(own, conninfo, in: section)
                for (index, endpoint) in conninfo.endpoints.enumerated() {
                    let suffix = conninfo.endpoints.count == 1 ? "" : "-\(index + 1)"
                    add(endpoint, named: name + suffix, [values, conninfo.values], at: location)
                }
            } catch {
                draft.problems.add(assigned.location, "this connection string cannot be used: \(error.message)")
            }
            return
        }
        let host = SettingLayers([values]).text(.host)
        guard !host.isEmpty else {
            draft.problems.add(location, "\(section) says not where the node is; set host, or conninfo")
            return
        }
        if let problem = HostRule.problem(host) {
            draft.problems.add(own[.host]?.location ?? location, "the host \(host.quotedForMessage) \(problem)")
            return
        }
        let endpoint = NodeEndpoint(host: host, port: SettingLayers([values]).integer(.port))
        add(endpoint, named: name, [values], at: location)
    }

    /// Nothing is given twice: what the connection string says, the section's settings may not say again.
    private mutating func checkOverlap(
        _ own: ConfigurationDraft.Assignments,
        _ conninfo: Conninfo,
        in section: ConfigurationSection
    ) {
        for name in [SettingName.host, .port] + conninfo.values.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let assigned = own[name], assigned.value != .text("") else { continue }
            draft.problems.add(
                assigned.location,
                "\"\(name.rawValue)\" is given beside conninfo in \(section); keep one of the two"
            )
        }
    }

    private mutating func add(
        _ endpoint: NodeEndpoint,
        named name: String,
        _ layers: [SettingLayers.Values],
        at location: ConfigurationLocation
    ) {
        if let twin = nodes.first(where: { $0.host == endpoint.host && $0.port == endpoint.port }) {
            draft.problems.add(location, "\(endpoint.name) is a node already, as \(twin.name.quotedForMessage)")
        } else if nodes.contains(where: { $0.name == name }) {
            draft.problems.add(location, "a node has the name \(name.quotedForMessage) already")
        } else {
            let layers = SettingLayers(layers + [draft.values(of: .proxy)])
            nodes.append(NodeSettings(name: name, endpoint: endpoint, layers))
        }
    }

    private func rulesBroken(_ draft: ConfigurationDraft, keeping: [SettingName: SettingValue] = [:])
        -> ConfigurationProblems
    {
        var rules = ConfigurationRules(draft: draft, nodes: nodes, source: source, keeping: keeping)
        return rules.broken()
    }

    /// Where to report what stands nowhere.
    private var source: ConfigurationLocation { file.map { .wholeFile(path: $0) } ?? .nowhere }

    /// With what stays as it is in place of what was read.
    private func rulesBroken(besides current: Configuration) -> ConfigurationProblems {
        var mixed = draft
        var keeping: [SettingName: SettingValue] = [:]
        for name in SettingTable.fixedNames {
            let value = current.value(name)
            if value != SettingLayers([draft.values(of: .proxy)]).value(name) { keeping[name] = value }
            mixed.keep(name, current.sets(name) ? value : nil, at: source)
        }
        return rulesBroken(mixed, keeping: keeping)
    }
}
