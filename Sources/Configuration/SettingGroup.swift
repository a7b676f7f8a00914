/// Headings of the example file and of the reference, in the order in which they appear there.
package enum SettingGroup: String, CaseIterable, Sendable {
    case connections = "Listening and clients"
    case authentication = "Authentication of clients"
    case pools = "Pools"
    case routing = "Read routing"
    case consistency = "Consistency and lag"
    case preparedStatements = "Prepared statements"
    case buffers = "Buffers and limits"
    case eventLoop = "Event loop and TCP"
    case monitoring = "Watching the nodes"
    case failover = "Failover"
    case log = "Log"
    case nodes = "Nodes"
    case databases = "Databases"
}
