import Synchronization

/// Starts and stops the one thread of a service; each at most once.
final class ThreadPhase: Sendable {
    private enum Phase {
        case made
        case running(ControlThread)
        case stopped
    }

    private let phase = Mutex(Phase.made)

    /// Nothing happens at a second start, or after `stop`.
    func start(name: String, body: @escaping @Sendable () -> Void) {
        phase.withLock { phase in
            guard case .made = phase else { return }
            phase = .running(ControlThread(name: name, body: body))
        }
    }

    /// Waits for the thread's end.
    ///
    /// - Parameter ask: called once, to ask the body to end; not called where it never began.
    func stop(ask: () -> Void) {
        let before = phase.withLock { phase in
            defer { phase = .stopped }
            return phase
        }
        guard case .running(let thread) = before else { return }
        ask()
        thread.join()
    }
}
