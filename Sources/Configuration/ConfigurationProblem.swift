/// One mistake, with what mends it.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    package let location: ConfigurationLocation
    package let message: String

    package var description: String { "\(location): \(message)" }
}
