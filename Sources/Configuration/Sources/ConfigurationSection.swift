/// A section of proxy.conf, named as its header.
enum ConfigurationSection: Hashable, Sendable, CustomStringConvertible {
    case proxy
    case node(String)
    case database(String)
    case user(String)

    /// The name of the section that holds for every database without one of its own.
    static let anyName = "*"

    init?(scope: SettingScope, name: String) {
        switch scope {
        case .proxy: return nil
        case .node: self = .node(name)
        case .database: self = .database(name)
        case .user: self = .user(name)
        }
    }

    var scope: SettingScope {
        switch self {
        case .proxy: .proxy
        case .node: .node
        case .database: .database
        case .user: .user
        }
    }

    var description: String {
        switch self {
        case .proxy: "[proxy]"
        case .node(let name), .database(let name), .user(let name): "[\(scope.rawValue) \(name)]"
        }
    }
}
