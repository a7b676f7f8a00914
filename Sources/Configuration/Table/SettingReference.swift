/// What people read about settings, made from the table: proxy.conf.example and the tables of docs/CONFIGURATION.md.
package enum SettingReference {
    private static let lineWidth = 100
    /// Those of a section do not take the place of the others'.
    private static let besides: [SettingName] = [.maxClientConnections, .maxServerConnections]

    /// The whole of proxy.conf.example.
    package static func exampleFile() -> String {
        var lines = [
            "# proxy.conf: the settings of Howdah, each with its default. Lines that begin with # are comments.",
            "#",
            "# Made from the table of settings; docs/CONFIGURATION.md explains the notation. Units of time: us, ms, s,",
            "# min, h, d. Units of size: B, kB, MB, GB (1kB = 1024B). Values with blanks at an end, # or ' in them",
            "# stand in single quotes. A setting marked (restart) changes with a restart, every other with a reload.",
            "",
            "[proxy]",
        ]
        for group in SettingGroup.allCases where group != .nodes && group != .databases {
            lines += ["", "#### " + group.rawValue]
            lines += rows(group).flatMap(exampleLines)
        }
        lines += [
            "", "", "# One section for each PostgreSQL node. Which of them is the primary is discovered.", "[node one]",
        ]
        lines += rows(.nodes).flatMap(exampleLines)
        lines += overrides(of: .node, "Set here for this node, these beat [proxy]")
        lines += ["", "", "# Any number of these; [database *] holds for every database without a section of its own."]
        lines += ["#[database app]"]
        lines += rows(.databases).flatMap(exampleLines)
        lines += overrides(of: .database, "Set here for this database, these beat [proxy]")
        lines += ["", "", "# Any number of these.", "#[user app]"]
        lines += overrides(of: .user, "Set here for this user, these beat [database] and [proxy]")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The part of docs/CONFIGURATION.md between its two markers.
    package static func markdownTables() -> String {
        SettingGroup.allCases.map { group in
            let header = """
                ### \(group.rawValue)

                | setting | section | values | default | change | what it does |
                |---|---|---|---|---|---|

                """
            return header + rows(group).map(markdownRow).joined(separator: "\n")
        }.joined(separator: "\n\n") + "\n"
    }

    private static func rows(_ group: SettingGroup) -> [SettingDefinition] {
        SettingTable.definitions.filter { $0.group == group }
    }

    private static func exampleLines(_ definition: SettingDefinition) -> [String] {
        let restart = definition.change == .restart ? " (restart)" : ""
        let takes = definition.kind.isFree ? "" : " Takes \(definition.kind.expectation)."
        let documentation = definition.documentation + takes + restart
        let setting: String
        if let example = definition.example {
            setting = "\(definition.name.rawValue) = \(written(example))"
        } else {
            setting = "#\(definition.name.rawValue) = \(written(definition.defaultText))"
        }
        return [""] + documentation.wrapped(to: lineWidth).map { "# " + $0 } + [setting]
    }

    private static func overrides(of scope: SettingScope, _ introduction: String) -> [String] {
        let names = SettingTable.definitions.filter {
            $0.scopes.contains(scope) && $0.scopes.contains(.proxy) && !besides.contains($0.name)
        }
        .map(\.name.rawValue).joined(separator: ", ")
        let limits = SettingTable.names(in: scope).filter(besides.contains).map(\.rawValue).joined(separator: " and ")
        let beside = limits.isEmpty ? "" : " Limits beside those of the others: \(limits)."
        return [""] + "\(introduction): \(names).\(beside)".wrapped(to: lineWidth).map { "# " + $0 }
    }

    private static func markdownRow(_ definition: SettingDefinition) -> String {
        let sections = definition.scopes.map(\.rawValue).joined(separator: ", ")
        let defaultText = definition.defaultText.isEmpty ? "none" : "`\(definition.defaultText)`"
        // In a table a bar ends the cell, and <x> is a tag.
        let documentation = escaped(definition.documentation)
        return "| `\(definition.name.rawValue)` | \(sections) | \(definition.kind.summary) | \(defaultText) "
            + "| \(definition.change.rawValue) | \(documentation) |"
    }

    private static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "|": "\\|"
            case "<": "&lt;"
            case "*": "\\*"
            case "_": "\\_"
            default: String(character)
            }
        }.joined()
    }

    private static func written(_ text: String) -> String { text.isEmpty ? "''" : text }
}
