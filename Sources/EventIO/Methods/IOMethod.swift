/// How a loop asks the kernel for events (`io_method`).
package enum IOMethod: String, Sendable, CaseIterable {
    case ioUring = "io_uring"
    case epoll
}

/// The method that a loop works with, and why it is not another; for the log and `SHOW STATE`.
package struct IOMethodChoice: Sendable, Equatable, CustomStringConvertible {
    package let method: IOMethod
    /// What about the method is worth knowing: the flags that io_uring runs with, or why it could not be had.
    package let detail: String

    package var description: String { detail.isEmpty ? method.rawValue : "\(method.rawValue) (\(detail))" }
}
