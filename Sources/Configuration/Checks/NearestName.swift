/// "Did you mean": the known name that a misspelt one is closest to.
enum NearestName {
    /// Nil where nothing is close enough to be worth showing.
    static func of(_ text: String, among names: [String]) -> String? {
        // A misspelt name is short; a long text is no name at all and not worth the comparison.
        let longest = 64
        let wanted = Array(text.lowercased().unicodeScalars.map { $0 == "-" ? "_" : $0 })
        guard !wanted.isEmpty, wanted.count <= longest else { return nil }
        var best: (name: String, distance: Int)?
        for name in names {
            let distance = distance(wanted, Array(name.lowercased().unicodeScalars))
            if distance < best?.distance ?? .max { best = (name, distance) }
        }
        if let best, best.distance <= max(1, min(3, wanted.count / 3)) { return best.name }
        return related(wanted, among: names)
    }

    /// A name that is the beginning of the other, or is contained in it: `listen_addr`, `default_pool_size`.
    private static func related(_ wanted: [Unicode.Scalar], among names: [String]) -> String? {
        let shortest = 5
        guard wanted.count >= shortest else { return nil }
        let candidates = names.filter { name in
            let scalars = Array(name.lowercased().unicodeScalars)
            return scalars.count >= shortest
                && (scalars.starts(with: wanted) || contains(wanted, scalars) || contains(scalars, wanted))
        }
        return candidates.max { $0.count < $1.count }
    }

    private static func contains(_ text: [Unicode.Scalar], _ part: [Unicode.Scalar]) -> Bool {
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }

    /// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var row = [i + 1]
            for (j, b) in right.enumerated() {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a == b ? 0 : 1))
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
