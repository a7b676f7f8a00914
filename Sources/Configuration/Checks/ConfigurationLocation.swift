/// Where a value, or a mistake, stands.
package enum ConfigurationLocation: Sendable, Equatable, CustomStringConvertible {
    /// Line and column count from 1; the column counts characters.
    case file(path: String, line: Int, column: Int)
    /// Of no line of its own, such as a file that cannot be read.
    case wholeFile(path: String)
    case environment(variable: String)
    /// The nth `--node` of the command line, from 1.
    case commandLineNode(Int)
    /// What is missing everywhere.
    case nowhere

    package var description: String {
        switch self {
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .wholeFile(let path): path
        case .environment(let variable): "environment variable \(variable)"
        case .commandLineNode(let ordinal): "--node (number \(ordinal))"
        case .nowhere: "configuration"
        }
    }
}
