/// Which of the sets of `ProfileStore` a server connection is believed to have, and whether it is on its way there.
///
/// Holds references to the sets that it names: each change says by which store.
struct ServerSettings {
    private enum Change {
        case none
        /// What brings it to `profile` has been sent; until it has succeeded the server may still have those before.
        case underWay(before: ProfileID)
    }

    /// What it has, or will have when what is under way has succeeded.
    private(set) var profile = ProfileID.base
    private var change = Change.none

    init() {}

    @inline(__always)
    var isBeingBrought: Bool {
        if case .underWay = change { true } else { false }
    }

    /// What brings it to other settings is about to be sent. Several may be under way, of which the first knows what
    /// the server has had.
    mutating func bring(to wanted: ProfileID, _ profiles: ProfileStore) {
        profiles.retain(wanted)
        if isBeingBrought {
            profiles.release(profile)
        } else {
            change = .underWay(before: profile)
        }
        profile = wanted
    }

    /// What was under way has run, as one transaction: all of it holds, or nothing.
    mutating func brought(hasFailed: Bool, _ profiles: ProfileStore) {
        guard case .underWay(let before) = change else { return }
        change = .none
        profiles.release(hasFailed ? profile : before)
        if hasFailed { profile = before }
    }

    /// It has these settings now, by what statements have done.
    mutating func become(_ settings: [SessionSetting], _ profiles: ProfileStore) {
        let now = profiles.intern(settings)
        profiles.release(profile)
        profile = now
    }

    /// It has what a new connection has.
    mutating func reset(_ profiles: ProfileStore) {
        profiles.release(profile)
        profile = .base
    }

    /// The connection is gone.
    mutating func end(_ profiles: ProfileStore) {
        brought(hasFailed: false, profiles)
        reset(profiles)
    }

    func count(in census: inout Census) {
        census.refer(to: profile)
        if case .underWay(let before) = change { census.refer(to: before) }
    }
}
