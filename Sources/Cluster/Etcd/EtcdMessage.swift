/// What other threads tell the thread that talks to etcd.
enum EtcdMessage: Sendable {
    case ask(CoordinationRequest)
}
