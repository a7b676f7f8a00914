import Authentication

/// Keys that PBKDF2 has derived, so that the thousandth connection with the same password and salt does not pay for it
/// again.
struct SaltedPasswordCache {
    private var keys: [SaltedPasswordRequest: SaltedPassword] = [:]
    private static let limit = 1024

    init() {}

    subscript(_ request: SaltedPasswordRequest) -> SaltedPassword? { keys[request] }

    mutating func insert(_ key: SaltedPassword, for request: SaltedPasswordRequest) {
        if keys.count >= Self.limit { keys.removeAll(keepingCapacity: true) }
        keys[request] = key
    }
}
