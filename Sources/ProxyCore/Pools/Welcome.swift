/// What a new client is told of its session, and what its session's settings are.
struct Welcome {
    /// ParameterStatus messages.
    let parameters: [UInt8]
    /// The start-up packet's settings as the servers understand them. Holds a reference.
    let profile: ProfileID
}
