import Glibc

/// The signals that `howdah run` takes, by waiting for them. Make it before any thread is started: the threads inherit
/// that they are blocked.
struct RunSignals {
    /// What a signal asks for.
    enum Request {
        /// SIGTERM, SIGINT: an end, once transactions have had time to end.
        case stop
        /// SIGQUIT: an end at once.
        case stopAtOnce
        /// SIGHUP: to read the settings again.
        case reload
    }

    private var set = sigset_t()

    init() {
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGQUIT, SIGHUP] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Blocks until one comes.
    func wait() -> Request {
        var set = set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        switch number {
        case SIGQUIT: return .stopAtOnce
        case SIGHUP: return .reload
        default: return .stop
        }
    }
}
