/// The number of an interned set of session settings: two sessions with the same settings have the same number.
struct ProfileID: Hashable, BitwiseCopyable {
    let rawValue: UInt32

    /// No settings beside what the server itself has.
    static let base = ProfileID(rawValue: 0)
}
