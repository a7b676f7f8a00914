/// How a loop asks the kernel for events (`io_method`).
package enum IOMethod: String, Sendable, CaseIterable {
    case ioUring = "io_uring"
    case epoll
}
