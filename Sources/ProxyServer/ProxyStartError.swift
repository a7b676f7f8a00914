/// Why a proxy could not start, in words for the user.
package struct ProxyStartError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
