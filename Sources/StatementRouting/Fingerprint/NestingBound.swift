/// An upper bound of how deep the parse tree of a text can be, kept while its tokens go by.
///
/// libpg_query writes the tree out by recursion and asks nobody how much stack is left, so a text that could make a
/// deep tree must be refused before. Depth comes from parentheses, brackets and CASE, and from chains: `1 + 1 + 1`
/// and `a JOIN b JOIN c` lean to the left by one level an operator. A comma, AND and OR begin a new sibling, so they
/// end a chain of operators (the grammar keeps AND and OR lists flat), but not a chain of joins, set operations or
/// BETWEENs.
struct NestingBound: ~Copyable {
    /// Trees of this bound were parsed and written out on a stack of 512 KiB.
    static let limit = 200

    fileprivate struct Level: BitwiseCopyable {
        var operators: Int32 = 0
        var joins: Int32 = 0
        var isCase = false
    }

    /// A place to come back to, when what has been noted since turns out to count for less.
    struct Mark: BitwiseCopyable {
        fileprivate var depth = 0
        fileprivate var below: Int32 = 0
        fileprivate var level = Level()
        fileprivate var isExceeded = false

        init() {}
    }

    private let levels: UnsafeMutablePointer<Level>
    private var depth = 0
    /// Levels, and the chains of the levels below the current one.
    private var below: Int32 = 0
    private(set) var isExceeded = false

    init() {
        levels = .allocate(capacity: Self.limit + 1)
        levels.initialize(repeating: Level(), count: Self.limit + 1)
    }

    deinit {
        levels.deallocate()
    }

    @inline(__always)
    mutating func reset() {
        depth = 0
        below = 0
        isExceeded = false
        levels[0] = Level()
    }

    @inline(__always)
    var mark: Mark {
        var mark = Mark()
        mark.depth = depth
        mark.below = below
        mark.level = levels[depth]
        mark.isExceeded = isExceeded
        return mark
    }

    /// Nothing may have been closed since that was open at the mark.
    mutating func restore(_ mark: Mark) {
        depth = mark.depth
        below = mark.below
        levels[depth] = mark.level
        isExceeded = mark.isExceeded
    }

    /// Whether a list and rows in it can be opened here and closed again.
    @inline(__always)
    var hasRoomForRows: Bool { depth + 2 <= Self.limit }

    @inline(__always)
    mutating func open() { push(isCase: false) }

    @inline(__always)
    mutating func openCase() { push(isCase: true) }

    private mutating func push(isCase: Bool) {
        guard depth < Self.limit else {
            isExceeded = true
            return
        }
        below += 1 + levels[depth].operators + levels[depth].joins
        depth += 1
        levels[depth] = Level(isCase: isCase)
        check()
    }

    private mutating func pop() {
        depth -= 1
        below -= 1 + levels[depth].operators + levels[depth].joins
    }

    /// A closing parenthesis or bracket. A CASE still open inside it was only a label (`SELECT 1 AS case`).
    @inline(__always)
    mutating func close() {
        while depth > 0, levels[depth].isCase { pop() }
        if depth > 0 { pop() }
    }

    /// END, which closes a CASE, and outside of one ends a transaction or a function body.
    mutating func closeCase() {
        if levels[depth].isCase { pop() }
    }

    @inline(__always)
    mutating func chainOperator() { chainOperators(1) }

    @inline(__always)
    mutating func chainOperators(_ count: Int) {
        levels[depth].operators &+= Int32(truncatingIfNeeded: min(count, Self.limit + 1))
        check()
    }

    mutating func chainJoin() {
        levels[depth].joins += 1
        check()
    }

    @inline(__always)
    mutating func sibling() { levels[depth].operators = 0 }

    /// A semicolon.
    mutating func endStatement() {
        while depth > 0, levels[depth].isCase { pop() }
        if depth == 0 { levels[0] = Level() }
    }

    @inline(__always)
    private mutating func check() {
        if below + levels[depth].operators + levels[depth].joins > Int32(Self.limit) { isExceeded = true }
    }
}
