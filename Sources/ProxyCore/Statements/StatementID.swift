/// The place of an interned statement in its worker's `StatementStore`; valid while a reference to it is held.
struct StatementID: Hashable, BitwiseCopyable {
    let rawValue: UInt32

    static let none = StatementID(rawValue: 0)

    var isNone: Bool { rawValue == 0 }
}
