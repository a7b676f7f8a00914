/// How event loops talk to the kernel.
package enum IOMethod: String, CaseIterable, Sendable {
    case auto
    case ioUring = "io_uring"
    case epoll
}
