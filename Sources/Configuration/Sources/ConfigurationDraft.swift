/// What one source (the file, the environment) has assigned so far: each value right on its own, not yet together.
struct ConfigurationDraft {
    typealias Assignments = [SettingName: AssignedValue]

    private(set) var sections: [ConfigurationSection: Assignments] = [.proxy: [:]]
    /// Sections but `[proxy]`, as they came.
    private(set) var order: [(section: ConfigurationSection, location: ConfigurationLocation)] = []
    var problems = ConfigurationProblems()

    /// Begins a section; false, with a problem, where it has been there before.
    mutating func open(_ section: ConfigurationSection, at location: ConfigurationLocation) -> Bool {
        guard section == .proxy || sections[section] == nil else {
            problems.add(location, "\(section) is here for the second time; give its settings in one place")
            return false
        }
        if section != .proxy {
            sections[section] = [:]
            order.append((section, location))
        }
        return true
    }

    /// Checks and keeps `name = text`.
    mutating func assign(
        _ name: SettingName,
        _ text: String,
        in section: ConfigurationSection,
        at location: ConfigurationLocation,
        nameAt nameLocation: ConfigurationLocation
    ) {
        let definition = SettingTable.definition(of: name)
        guard sections[section]?[name] == nil else {
            problems.add(nameLocation, "\"\(name.rawValue)\" is set for the second time in \(section)")
            return
        }
        guard !text.unicodeScalars.contains(where: \.isControl) else {
            problems.add(location, "the value of \"\(name.rawValue)\" holds a control character")
            return
        }
        do {
            let value = try definition.kind.parse(text)
            sections[section, default: [:]][name] = AssignedValue(value: value, location: location)
        } catch {
            let shown = definition.kind.isSecret ? "the value" : text.quotedForMessage
            let hint = error.hint.map { "; \($0)" } ?? ""
            problems.add(
                location,
                "\(shown) is no value of \"\(name.rawValue)\", which takes \(definition.kind.expectation)\(hint)"
            )
        }
    }

    /// Finds a setting by the name that the user wrote; adds a problem where there is none in this section.
    mutating func resolve(
        _ text: String,
        in section: ConfigurationSection,
        at location: ConfigurationLocation
    ) -> SettingName? {
        let known = SettingTable.names(in: section.scope)
        if let name = SettingName(rawValue: text.lowercased()) {
            if known.contains(name) { return name }
            let homes = SettingTable.definition(of: name).scopes.map(\.header).joined(separator: ", ")
            problems.add(location, "\"\(name.rawValue)\" does not belong in \(section) but in \(homes)")
            return nil
        }
        let nearest =
            NearestName.of(text, among: known.map(\.rawValue))
            ?? NearestName.of(text, among: SettingName.allCases.map(\.rawValue))
        let suggestion = nearest.map { "; did you mean \"\($0)\"?" } ?? ""
        problems.add(location, "unknown setting \(text.quotedForMessage) in \(section)\(suggestion)")
        return nil
    }

    /// Lays `other` over this draft: its values win, setting by setting.
    mutating func overlay(_ other: ConfigurationDraft) {
        for (section, location) in other.order where sections[section] == nil { order.append((section, location)) }
        for (section, assignments) in other.sections {
            sections[section, default: [:]].merge(assignments) { _, new in new }
        }
        problems.add(other.problems)
    }

    /// Replaces a value that is there, keeping where it came from.
    mutating func replace(_ name: SettingName, in section: ConfigurationSection, with value: SettingValue) {
        sections[section]?[name]?.value = value
    }

    /// Puts a value of `[proxy]`, or none, in the place of whatever is there.
    ///
    /// - Parameter source: where it stands if it is not set here.
    mutating func keep(_ name: SettingName, _ value: SettingValue?, at source: ConfigurationLocation) {
        let location = sections[.proxy]?[name]?.location ?? source
        sections[.proxy]?[name] = value.map { AssignedValue(value: $0, location: location) }
    }

    func values(of section: ConfigurationSection) -> SettingLayers.Values {
        (sections[section] ?? [:]).mapValues(\.value)
    }
}

/// A value and where it was given.
struct AssignedValue: Sendable {
    var value: SettingValue
    let location: ConfigurationLocation
}
