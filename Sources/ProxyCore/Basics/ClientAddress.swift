/// Where a client has connected from: plain bytes, so that the engine needs no system call to tell it.
package struct ClientAddress: Sendable, Hashable, BitwiseCopyable {
    private enum Family: UInt8 {
        case unix
        case ipv4
        case ipv6
    }

    private let high: UInt64
    private let low: UInt64
    /// 0 for a Unix-domain socket, whose other end has no name.
    package private(set) var port: UInt16
    private let family: Family

    /// A Unix-domain socket.
    package static let unix = ClientAddress(bytes: [], port: 0)

    /// - Parameter bytes: in network byte order, 4 of an IPv4 address or 16 of an IPv6 address; else it is a
    ///   Unix-domain socket.
    package init(bytes: [UInt8], port: UInt16) {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: (high, low, self.port, family) = (0, number(bytes[...]), port, .ipv4)
        case 16: (high, low, self.port, family) = (number(bytes[..<8]), number(bytes[8...]), port, .ipv6)
        default: (high, low, self.port, family) = (0, 0, 0, .unix)
        }
    }

    /// Another port of the same host.
    func with(port: UInt16) -> ClientAddress {
        var other = self
        other.port = port
        return other
    }

    /// The numeric address without its port, as `inet_ntop` writes it (RFC 5952); `[local]` for a Unix-domain socket,
    /// as PostgreSQL calls it in its log.
    package var host: String {
        switch family {
        case .unix: return "[local]"
        case .ipv4: return dotted
        case .ipv6:
            // An IPv4 address by which a socket for both is reached (RFC 4291, section 2.5.5.2).
            return high == 0 && low >> 32 == 0xFFFF ? "::ffff:" + dotted : groups
        }
    }

    private var dotted: String {
        (0..<4).map { "\(low >> UInt64(24 - 8 * $0) & 255)" }.joined(separator: ".")
    }

    private var groups: String {
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64(48 - 16 * ($0 % 4))) }
        // The first of the longest runs of at least two zeros is left out.
        var longest = 0..<0
        var start = 0
        for place in 0...8 where place == 8 || groups[place] != 0 {
            if place - start >= 2, place - start > longest.count { longest = start..<place }
            start = place + 1
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if longest.isEmpty { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }
}

extension ClientAddress: CustomStringConvertible {
    /// With its port, an IPv6 address in brackets.
    package var description: String {
        switch family {
        case .unix: host
        case .ipv4: "\(host):\(port)"
        case .ipv6: "[\(host)]:\(port)"
        }
    }
}
