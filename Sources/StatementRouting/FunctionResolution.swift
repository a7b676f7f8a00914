/// What is known of the functions that a call may mean.
enum FunctionResolution: Equatable {
    /// All of them can run on a replica.
    case harmless
    /// One of them needs the primary.
    case needsPrimary
    /// There is none that is known.
    case unknown
}
