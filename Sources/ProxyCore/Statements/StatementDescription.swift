import Bytes

/// What clients have been told of a statement, which must stay true of it as long as they have a name for it.
struct StatementDescription: Equatable {
    /// The types of its parameters: OIDs in network byte order. Nil where nobody has asked for them.
    var types: [UInt8]?
    /// A hash of what its rows look like; nil where nobody has asked.
    var rows: UInt64?
    /// The epoch in which it was last found out whether a Parse of it would still come to the same.
    var checkedIn: UInt32 = 0
    var isStillTrue = true

    static let noRows: UInt64 = 2
    /// What types of parameters may take; of more nothing is remembered.
    static let mostTypeBytes = 4096

    /// A hash of names, types and modifiers of columns (PostgreSQL documentation, 55.7, RowDescription): what
    /// PostgreSQL itself compares when it finds that a result type has changed, so not where the columns come from, nor
    /// formats.
    /// - Parameter body: of RowDescription; nil where it is not well formed.
    static func rows(_ body: RawSpan, _ hash: KeyedHash) -> UInt64? {
        guard body.byteCount >= 2 else { return nil }
        // Nothing is gathered: this runs for each reply that describes rows.
        var digest: UInt64 = 0
        var offset = 2
        for _ in 0..<Int(body.uint16(at: 0)) {
            guard let end = body.firstZero(from: offset), body.byteCount - end > 18 else { return nil }
            let name = hash.hash(body.extracting(offset..<end))
            // Behind the name: table (4), column (2), type (4), its size (2), which hangs on it, modifier (4), format
            // (2).
            let type = hash.hash(body.extracting(end + 7..<end + 17))
            // The order of columns counts, and which name has which type.
            digest = ((digest ^ name) &* 0x9E37_79B9_7F4A_7C15 ^ type) &* 0xC2B2_AE3D_27D4_EB4F
            digest ^= digest >> 32
            offset = end + 19
        }
        return digest | 1
    }
}
