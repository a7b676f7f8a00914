/// Everything that is wrong with a configuration; it prints one problem a line.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// Never empty; in the order file, environment, command line, then what contradicts each other.
    package let problems: [ConfigurationProblem]
    /// Problems beyond those kept.
    package let omitted: Int

    package var description: String {
        let lines = problems.map(\.description)
        return (omitted == 0 ? lines : lines + ["… and \(omitted) more"]).joined(separator: "\n")
    }
}

/// One mistake, with what mends it.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    package let location: ConfigurationLocation
    package let message: String

    package var description: String { "\(location): \(message)" }
}

/// Collects problems, of which it keeps the first hundred: a file that is no configuration has one on every line.
struct ConfigurationProblems {
    private static let limit = 100

    private var kept: [ConfigurationProblem] = []
    private var omitted = 0

    var isEmpty: Bool { kept.isEmpty }

    mutating func add(_ location: ConfigurationLocation, _ message: String) {
        guard kept.count < Self.limit else {
            omitted += 1
            return
        }
        kept.append(ConfigurationProblem(location: location, message: message))
    }

    mutating func add(_ others: ConfigurationProblems) {
        for problem in others.kept { add(problem.location, problem.message) }
        omitted += others.omitted
    }

    /// Throws what has been collected, if anything has.
    func throwIfAny() throws(ConfigurationError) {
        if !isEmpty { throw ConfigurationError(problems: kept, omitted: omitted) }
    }
}
