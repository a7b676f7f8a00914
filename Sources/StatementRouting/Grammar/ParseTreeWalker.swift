/// Goes through every message of a parse tree in pre-order, without recursion and without an allocation a node.
final class ParseTreeWalker {
    private struct Frame {
        var message: UInt8
        var fields: WireFields
    }

    /// Messages that can be open at once. A level of the tree that `NestingBound` counts opens some six.
    private static let capacity = 8192
    private let frames = UnsafeMutablePointer<Frame>.allocate(capacity: capacity)

    deinit {
        frames.deallocate()
    }

    /// Calls `visit` with the number and contents of each message below and including `root`, a `Node`.
    ///
    /// - Returns: false where the tree is broken or too deep; then not all of it was visited.
    func walk(_ root: WireFields.Range, _ visit: (Int, WireFields.Range) -> Void) -> Bool {
        walk(statement: Int(ParseTreeSchema.node), root, visit)
    }

    /// The same below one message, whose number is given.
    func walk(
        statement message: Int,
        _ root: WireFields.Range,
        _ visit: (Int, WireFields.Range) -> Void
    ) -> Bool {
        var depth = 1
        frames[0] = Frame(message: UInt8(truncatingIfNeeded: message), fields: WireFields(root))
        while depth > 0 {
            guard let field = frames[depth - 1].fields.next() else {
                if frames[depth - 1].fields.isBroken { return false }
                depth -= 1
                continue
            }
            guard case .bytes(let range) = field.value else { continue }
            let child = ParseTreeSchema.child(of: frames[depth - 1].message, field: field.number)
            guard child != ParseTreeSchema.noMessage else { continue }
            if child != ParseTreeSchema.node { visit(Int(child), range) }
            guard depth < Self.capacity else { return false }
            frames[depth] = Frame(message: child, fields: WireFields(range))
            depth += 1
        }
        return true
    }
}
