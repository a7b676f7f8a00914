import Glibc

/// SIGTERM, SIGINT and SIGQUIT, taken by waiting for them. Make it before any thread is started: the threads inherit that they are blocked.
struct StopSignals {
    private var set = sigset_t()

    init() {
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGQUIT] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Blocks until one comes. Returns whether it asks for an end at once (SIGQUIT).
    func wait() -> Bool {
        var set = set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number == SIGQUIT
    }
}
