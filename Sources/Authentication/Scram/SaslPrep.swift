import CIdn

/// SASLprep (RFC 4013) of passwords, as PostgreSQL applies it before it hashes one.
///
/// The tables and the normalisation are libidn's. Two things are PostgreSQL's own: prohibited and unassigned
/// characters and the direction of writing are looked at *before* the normalisation and not after it, and a password
/// that does not pass is not refused but used as the bytes that it is.
///
/// libidn normalises as Unicode 3.2 did. Of the characters that pass, later versions treat five otherwise (Unicode
/// Corrigendum #4: U+2F868, U+2F874, U+2F91F, U+2F95F, U+2F9BF), and sequences in which a mark stands between two
/// conjoining letters (Public Review Issue #29). A password with one of those does not match PostgreSQL's.
enum SaslPrep {
    /// The bytes to hash. Never fails: see above.
    static func prepare(_ password: [UInt8]) -> [UInt8] {
        if password.allSatisfy({ $0 < 0x80 }) { return password }
        guard let text = String(validating: password, as: UTF8.self) else { return password }

        var codePoints = text.unicodeScalars.map(\.value)
        var count = codePoints.count
        // Under NFKC no character becomes more than 18; libidn wants room for a terminator.
        let capacity = count * 18 + 1
        codePoints += [UInt32](repeating: 0, count: capacity - count)
        let status = stringprep_4i(&codePoints, &count, capacity, STRINGPREP_NO_UNASSIGNED, steps())
        // An empty result is as good as prohibited: all of the password was of characters that map to nothing.
        guard status == Int32(STRINGPREP_OK.rawValue), count > 0 else { return password }

        var prepared: [UInt8] = []
        for codePoint in codePoints.prefix(count) {
            guard let scalar = Unicode.Scalar(codePoint) else { return password }
            prepared += UTF8.encode(scalar).map { Array($0) } ?? []
        }
        return prepared
    }

    /// libidn's SASLprep profile with the normalisation moved behind the checks.
    private static func steps() -> [Stringprep_profile] {
        var steps: [Stringprep_profile] = []
        var normalisation: [Stringprep_profile] = []
        guard var next = stringprep_saslprep_steps() else { return [] }
        while next.pointee.operation.rawValue != 0 {
            if next.pointee.operation == STRINGPREP_NFKC {
                normalisation.append(next.pointee)
            } else {
                steps.append(next.pointee)
            }
            next += 1
        }
        return steps + normalisation + [Stringprep_profile()]
    }
}
