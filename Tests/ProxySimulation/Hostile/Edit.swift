/// One thing that is wrong with a stream of bytes.
package struct Edit: Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Equatable, Sendable {
        /// The stream ends: the connection is closed.
        case cut
        case insert([UInt8])
        case overwrite([UInt8])
        /// So many bytes are left out.
        case remove(Int)
        /// The last so many bytes come again.
        case again(Int)
    }

    /// Bytes of the stream, as it would be, that come before.
    package let place: Int
    package let kind: Kind

    package init(_ kind: Kind, at place: Int) {
        self.kind = kind
        self.place = place
    }

    package var description: String { "\(kind) at \(place)" }

    /// A message's header that says what it likes, and some of a body.
    package static func header(_ tag: UInt8, length: UInt32, body: Int = 0) -> Kind {
        .insert(
            [tag] + (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * $0)) }
                + [UInt8](repeating: 0, count: body)
        )
    }
}

/// Passes a stream on with what is wrong with it.
struct StreamEditor {
    private var edits: [Edit]
    private var passed = 0
    private var recent: [UInt8] = []
    private(set) var hasEnded = false

    init(_ edits: [Edit]) { self.edits = edits.sorted { $0.place < $1.place } }

    mutating func pass(_ bytes: [UInt8]) -> [UInt8] {
        if edits.isEmpty { return hasEnded ? [] : bytes }
        var output: [UInt8] = []
        var rest = bytes[...]
        while !hasEnded {
            guard let edit = edits.first, edit.place <= passed + rest.count else {
                take(rest.count, of: &rest, into: &output)
                break
            }
            take(max(0, edit.place - passed), of: &rest, into: &output)
            edits.removeFirst()
            switch edit.kind {
            case .cut: hasEnded = true
            case .insert(let extra): output += extra
            case .overwrite(let other):
                let count = min(other.count, rest.count)
                take(count, of: &rest, into: &output)
                output.removeLast(count)
                output += other.prefix(count)
            case .remove(let count):
                let count = min(count, rest.count)
                take(count, of: &rest, into: &output)
                output.removeLast(count)
            case .again(let count): output += recent.suffix(count)
            }
        }
        return output
    }

    private mutating func take(_ count: Int, of rest: inout ArraySlice<UInt8>, into output: inout [UInt8]) {
        output += rest.prefix(count)
        recent = (recent + rest.prefix(count)).suffix(64)
        rest = rest.dropFirst(count)
        passed += count
    }
}
