/// Builds messages on the cold path: start-up, authentication, errors, answers that the proxy gives itself.
package struct MessageBuilder: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Appends one message of `tag` whose body `body` writes; the length is filled in.
    package mutating func message(_ tag: UInt8, _ body: (inout MessageBuilder) -> Void = { _ in }) {
        bytes.append(tag)
        untyped(body)
    }

    /// Appends a packet without a type byte (start-up, cancel).
    package mutating func untyped(_ body: (inout MessageBuilder) -> Void) {
        let start = bytes.count
        int32(0)
        body(&self)
        let length = UInt32(bytes.count - start)
        for (place, shift) in [24, 16, 8, 0].enumerated() {
            bytes[start + place] = UInt8(truncatingIfNeeded: length >> UInt32(shift))
        }
    }

    package mutating func byte(_ value: UInt8) { bytes.append(value) }

    package mutating func int16(_ value: Int16) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func int32(_ value: Int32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func raw(_ value: [UInt8]) { bytes.append(contentsOf: value) }

    /// A string and its terminating zero; a zero inside would end the field early and is left out.
    package mutating func string(_ value: String) {
        bytes.append(contentsOf: value.utf8.lazy.filter { $0 != 0 })
        bytes.append(0)
    }
}
