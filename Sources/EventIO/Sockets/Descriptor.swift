import Glibc

/// The owner of one file descriptor; closes it when it goes.
package struct Descriptor: ~Copyable, Sendable {
    /// The descriptor's number, for system calls. Valid while the owner lives; -1 where there is none.
    package let number: Int32

    /// Becomes the owner of `number`.
    package init(_ number: Int32) { self.number = number }

    deinit {
        if number >= 0 { _ = Glibc.close(number) }
    }

    /// Gives ownership up: the caller must close the number.
    package consuming func take() -> Int32 {
        let number = number
        discard self
        return number
    }
}
