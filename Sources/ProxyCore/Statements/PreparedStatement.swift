import StatementRouting

/// One interned statement: a Parse message without its name, and what is known of it.
struct PreparedStatement: BitwiseCopyable {
    let hash: UInt64
    let scope: ParseScope
    /// The settings with which its Parse must be met, with a reference.
    let profile: ProfileID
    var serial: StatementSerial
    /// The text, its zero, and the parameter types: the body of Parse behind the name. Owned by the store.
    let body: UnsafeRawBufferPointer
    var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: body[..<textSize]) }

    /// Bytes of the text without its zero.
    let textSize: Int
    /// The class of the text as of `classStamp`.
    var statementClass: StatementClass
    var classStamp: UInt32
    /// The context in which a server has accepted its Parse last, as a stamp like `classStamp`; 0: none has.
    var acceptedStamp: UInt32 = 0
    /// Clients' names and replies that still mean it.
    var references: UInt32 = 0
    /// How often a Parse has asked for it.
    var uses: UInt32 = 0
    /// Neighbours in the list of statements that nobody references, oldest first; `none` at the ends.
    var older = StatementID.none
    var newer = StatementID.none
    var nextInBucket = StatementID.none

    /// A client has been told what its rows look like.
    var isDescribed = false
    /// It was found to be out of date: no Parse finds it any more. Names that clients have for it keep it, as
    /// PostgreSQL keeps what was prepared until it is closed.
    var isRetired = false
    /// Unnamed statements are shared under a name of the proxy's once their text has recurred.
    var isShared = false
    /// What its row means for a client, where it asks whether it may be signalled.
    var signal = ProcessSignal()
    /// Its Parse was too long to be kept: only the server that got it has it, under `serial` or as its unnamed
    /// statement, and `body` is empty.
    var isPrivate = false
}

/// The place of an interned statement in its worker's `StatementStore`; valid while a reference to it is held.
struct StatementID: Hashable, BitwiseCopyable {
    let rawValue: UInt32

    static let none = StatementID(rawValue: 0)

    var isNone: Bool { rawValue == 0 }
}
