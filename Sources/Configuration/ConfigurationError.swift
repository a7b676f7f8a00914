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
