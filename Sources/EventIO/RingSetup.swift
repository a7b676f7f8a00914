import CLinux

/// The flags that an io_uring instance is made with: each kernel takes the first of `all` that it knows.
struct RingSetup: Sendable, Equatable {
    let flags: UInt32
    let name: String

    static var all: [RingSetup] {
        [
            RingSetup(flags: clinux_ring_deferred(), name: "single issuer, deferred task work"),
            RingSetup(flags: clinux_ring_single_issuer() | clinux_ring_cooperative(), name: "single issuer"),
            RingSetup(flags: clinux_ring_cooperative(), name: "cooperative task work"),
            RingSetup(flags: 0, name: "no flags"),
        ]
    }
}
