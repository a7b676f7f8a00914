/// Why a switchover came to nothing, in words for the administrator.
struct SwitchoverFailure: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
