import Testing

@testable import Configuration

/// Environment with which a configuration needs no more than a node.
let trusting = ["HOWDAH_AUTH_TYPE": "trust"]

/// Loads the text of a proxy.conf.
func load(
    _ text: String,
    environment: [String: String] = trusting,
    nodes: [String] = ["host=a"]
) throws -> Configuration {
    let directory = try TemporaryDirectory()
    return try Configuration.load(file: directory.file(Array(text.utf8)), environment: environment, nodes: nodes)
}

/// The problems of a proxy.conf, as printed, with the file's directory left out.
func problems(
    _ text: String,
    environment: [String: String] = trusting,
    nodes: [String] = ["host=a"]
) throws -> [String] {
    let directory = try TemporaryDirectory()
    let file = try directory.file(Array(text.utf8))
    do throws(ConfigurationError) {
        _ = try Configuration.load(file: file, environment: environment, nodes: nodes)
        return []
    } catch {
        return error.problems.map { String($0.description.replacing(directory.path + "/", with: "")) }
    }
}

/// The problems of environment and command line without a file.
func problems(environment: [String: String], nodes: [String]) -> [String] {
    do throws(ConfigurationError) {
        _ = try Configuration.load(file: nil, environment: environment, nodes: nodes)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}
