import MonotonicTime

/// Drives `Coordinator` on the monitor's thread: keeps what it was told last, and what workers have been told of its
/// verdict.
struct CoordinationDriver {
    var coordinator: Coordinator
    let lease: WriteLease
    let ask: (CoordinationRequest) -> Void
    /// Why nothing is written although there is a primary, as workers have been told.
    var hold: WriteHold?
    private var looked: CoordinationLook?

    init(_ options: CoordinationOptions, ask: @escaping (CoordinationRequest) -> Void) {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        let id = String(repeating: "0", count: 16 - digits.count) + digits
        coordinator = Coordinator(id: id, name: options.name, rules: options.rules)
        lease = options.lease
        self.ask = ask
        hold = coordinator.hold(at: MonotonicClock.now)
    }

    /// What `Coordinator` is to be told at this moment; nil: nothing.
    mutating func event(_ look: CoordinationLook, at now: UInt64) -> Coordinator.Event? {
        if look != looked {
            looked = look
            return .looked(look)
        }
        guard let deadline = coordinator.deadline(after: now) else {
            return hold == coordinator.hold(at: now) ? nil : .due
        }
        return deadline <= now || hold != coordinator.hold(at: now) ? .due : nil
    }
}
