import Glibc

/// A system call that failed.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The call and what it was about, such as `bind to 127.0.0.1:6432`.
    package let call: String
    /// The call's `errno`.
    package let code: Int32

    package init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    package var description: String { "could not \(call): \(Self.text(of: code))" }

    /// The C library's words for an `errno`.
    package static func text(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard strerror_r(code, buffer.baseAddress.unsafelyUnwrapped, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
