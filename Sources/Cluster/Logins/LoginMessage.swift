/// What other threads tell the thread that watches log-ins.
enum LoginMessage: Sendable {
    case view(ClusterView)
    case checkNow
}
