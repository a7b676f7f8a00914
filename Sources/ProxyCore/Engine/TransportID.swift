/// The shell's name of a connection; the engine only hands it back.
package struct TransportID: Sendable, Hashable, BitwiseCopyable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let none = TransportID(rawValue: 0)
}
