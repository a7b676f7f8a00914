import Bytes

/// The numbers that clients take for their server's process: in BackendKeyData, in notifications, from
/// `pg_backend_pid()`.
///
/// None is a process of any system, whose numbers end at 2^22 (Linux's largest pid_max), so that a number says by
/// itself whether a client or a server is meant. They are given in turn, from a place that chance chooses: one that a
/// client has had comes again after two thousand million others, and proxies side by side hardly ever give the same.
struct ProcessNumbers {
    static let first: UInt32 = 1 << 22 + 1
    /// The protocol has them as signed.
    static let last = UInt32(Int32.max)

    private var next: UInt32
    private var holders: [UInt32: Handle] = [:]

    /// - Parameter chance: any number.
    init(chance: UInt32) {
        next = Self.first + chance % (Self.last - Self.first + 1)
    }

    /// Whether a number can be a client's.
    static func contains(_ number: Int64) -> Bool { number >= Int64(first) && number <= Int64(last) }

    /// Who has the number now.
    subscript(_ number: UInt32) -> Handle? { holders[number] }

    mutating func give(to client: Handle) -> UInt32 {
        while holders[next] != nil { advance() }
        let number = next
        holders[number] = client
        advance()
        return number
    }

    /// The client has left; 0 stands for none.
    mutating func takeBack(_ number: UInt32) { holders[number] = nil }

    private mutating func advance() { next = next == Self.last ? Self.first : next + 1 }
}
