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
